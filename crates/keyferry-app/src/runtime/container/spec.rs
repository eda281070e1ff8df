//! What a container is asked to be. A table: nothing is decided elsewhere.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount as EngineMount, MountType,
    RestartPolicy, RestartPolicyNameEnum,
};
use keyferry_core::manifest::Image;

use super::{
    engine::{Facts, Runner},
    marks,
};
use crate::runtime::{Inside, Launch, Network, files};

/// The memory of a container in bytes, swap included.
const MEMORY: i64 = 1024 * 1024 * 1024;
/// Its processors, in billionths.
const NANO_CPUS: i64 = 2_000_000_000;
/// Its processes and threads.
const PIDS: i64 = 256;
/// Each of its temporary file systems. They are in its memory.
const TEMPORARY: &str = "rw,nosuid,nodev,size=256m,mode=1777";

/// Its home, where the provider file names none.
const HOME: &str = "/home/keyferry";
/// Where its cache is.
const CACHE: &str = "/var/cache/keyferry";
/// Where our own program is.
const PROGRAM: &str = "/keyferry";

/// What of the machine goes into a container, and as what.
pub(super) struct Parts<'p> {
    pub(super) launch: &'p Launch,
    pub(super) inside: &'p Inside,
    /// Its image, as the engine has it.
    pub(super) image: String,
    /// The paths that the image wants volumes at.
    pub(super) volumes: Vec<String>,
    pub(super) this_program: &'p Path,
    pub(super) mark: &'p str,
    pub(super) runner: Runner,
    pub(super) facts: &'p Facts,
}

impl Parts<'_> {
    /// The request. Its variables are secret: it is never logged.
    pub(super) fn body(&self) -> ContainerCreateBody {
        let Launch { program, args, server, .. } = self.launch;
        let ours = self.inside.image == Image::ThisProgram;
        let program = if ours { PROGRAM } else { program.as_str() };
        // Without a program, the image's own; with one, that alone, and nothing of the image before it.
        let entrypoint = (!program.is_empty()).then(|| vec![program.to_owned()]);
        ContainerCreateBody {
            image: Some(self.image.clone()),
            entrypoint,
            cmd: if program.is_empty() && args.is_empty() { None } else { Some(args.clone()) },
            env: Some(self.environment()),
            working_dir: (!program.is_empty()).then(|| "/tmp".to_owned()),
            user: Some(self.runner.user.clone()),
            labels: Some(
                [(marks::APP, self.mark), (marks::SERVER, server.as_str())]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            ),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(false),
            stop_signal: Some("SIGTERM".to_owned()),
            healthcheck: Some(HealthConfig {
                test: Some(vec!["NONE".to_owned()]),
                ..HealthConfig::default()
            }),
            host_config: Some(self.host()),
            ..ContainerCreateBody::default()
        }
    }

    fn host(&self) -> HostConfig {
        let facts = self.facts;
        HostConfig {
            readonly_rootfs: Some(true),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            privileged: Some(false),
            memory: facts.bounds_memory.then_some(MEMORY),
            memory_swap: facts.bounds_memory.then_some(MEMORY),
            nano_cpus: facts.bounds_cpus.then_some(NANO_CPUS),
            pids_limit: facts.bounds_pids.then_some(PIDS),
            network_mode: Some(self.network().to_owned()),
            userns_mode: self.runner.userns.map(str::to_owned),
            tmpfs: Some(self.temporary()),
            mounts: Some(self.mounts()),
            // What it says is in its log; the engine keeps no second one.
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::NO),
                maximum_retry_count: None,
            }),
            ..HostConfig::default()
        }
    }

    fn network(&self) -> &'static str {
        match self.inside.network {
            Network::None => "none",
            Network::Host => "host",
            // A rootless Podman has no bridge of the machine's; `private` is what it has instead.
            Network::Internet if self.facts.name == "Podman" && self.facts.rootless => "private",
            Network::Internet => "bridge",
        }
    }

    /// Its home, its caches, and the launch's variables, which win.
    fn environment(&self) -> Vec<String> {
        let mut all = vec![("HOME", self.home())];
        if self.has_cache() {
            let below = |name: &str| format!("{CACHE}/{name}");
            all.extend([
                ("npm_config_cache", below("npm")),
                ("UV_CACHE_DIR", below("uv")),
                ("UV_TOOL_DIR", below("uv-tools")),
                ("UV_PYTHON_INSTALL_DIR", below("uv-python")),
                ("XDG_CACHE_HOME", CACHE.to_owned()),
            ]);
        }
        let given = self.launch.variables();
        let ours = all.into_iter().filter(|(name, _)| !given.contains_key(name));
        let ours = ours.map(|(name, value)| format!("{name}={value}"));
        let given = given.iter().map(|(name, value)| format!("{name}={}", value.expose_secret()));
        ours.chain(given).collect()
    }

    /// The home that the provider file names for its files.
    fn home(&self) -> String {
        let named = self.launch.files.iter().find_map(|file| file.home.clone());
        named.unwrap_or_else(|| HOME.to_owned())
    }

    fn has_cache(&self) -> bool {
        self.inside.image == Image::Base
    }

    /// Empty folders in memory: for what is temporary, for its home, and where the image wants a volume.
    fn temporary(&self) -> HashMap<String, String> {
        // Podman makes the last two by itself, of any size.
        let mut folders = ["/tmp", "/run", "/var/tmp"].map(str::to_owned).to_vec();
        if !self.credential_folders().any(|folder| folder.as_os_str().is_empty()) {
            folders.push(self.home());
        }
        let mounted: Vec<_> = self.mounts().into_iter().filter_map(|mount| mount.target).collect();
        folders.extend(self.volumes.iter().filter(|volume| !mounted.contains(volume)).cloned());
        folders.into_iter().map(|folder| (folder, TEMPORARY.to_owned())).collect()
    }

    fn mounts(&self) -> Vec<EngineMount> {
        let mut mounts = Vec::new();
        for below in self.credential_folders() {
            let target = Path::new(&self.home()).join(&below);
            mounts.push(bind(&self.launch.home.join(&below), &target.to_string_lossy(), false));
        }
        if self.has_cache() {
            mounts.push(bind(&self.inside.cache, CACHE, true));
        }
        if self.inside.image == Image::ThisProgram {
            mounts.push(bind(self.this_program, PROGRAM, false));
        }
        mounts.extend(self.inside.mounts.iter().map(|one| bind(&one.source, &one.target, one.writable)));
        mounts
    }

    fn credential_folders(&self) -> impl Iterator<Item = PathBuf> {
        files::folders(&self.launch.files).into_iter()
    }
}

fn bind(source: &Path, target: &str, writable: bool) -> EngineMount {
    EngineMount {
        typ: Some(MountType::BIND),
        source: Some(source.to_string_lossy().into_owned()),
        target: Some(target.trim_end_matches('/').to_owned()),
        read_only: Some(!writable),
        ..EngineMount::default()
    }
}
