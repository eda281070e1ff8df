//! Servers in a folder of their own, and a look at the processes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use keyferry_app::runtime::{
    CallToolResult, Containers, Inside, Launch, Limits, Network, Place, ServerStatus, Servers, ServersConfig,
};
use keyferry_core::{id::ServerName, manifest::Image, secret::SecretText};
use serde_json::{Map, Value, json};

/// The secret that every launch of a test hands to its server as `TOKEN`.
pub(crate) const CANARY: &str = "canary-7f3a9c21-e5b8";

/// Longer than any limit of ours allows.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(10);

pub(crate) struct Harness {
    pub(crate) servers: Servers,
    pub(crate) folder: tempfile::TempDir,
    /// The image that launches run in; without one, they are processes.
    pub(crate) image: Option<Image>,
}

impl Harness {
    pub(crate) fn new() -> Self {
        Self::with(limits())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self::of(limits, None, None)
    }

    pub(crate) fn of(limits: Limits, containers: Option<Containers>, image: Option<Image>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A container has no libraries for a program of ours.
        let this_program = match &image {
            #[cfg(unix)]
            Some(Image::ThisProgram) => crate::support::podman::static_server(),
            _ => fixture(),
        };
        let variable = |name: &str, value: &str| (name.into(), value.into());
        let servers = Servers::new(ServersConfig {
            this_program,
            parent_environment: vec![
                variable("PATH", "/usr/bin:/bin"),
                variable("HOME", "/home/person"),
                variable("LC_ALL", "C.UTF-8"),
                variable("AWS_SECRET_ACCESS_KEY", "not for servers"),
                variable("LD_PRELOAD", ""),
            ],
            log_folder: folder.path().join("logs"),
            watchdog: None,
            containers,
            limits,
            now: Arc::new(|| jiff::Timestamp::UNIX_EPOCH),
        });
        Self { servers, folder, image }
    }

    /// The fixture in a part, as the server of that name.
    pub(crate) fn launch(&self, server: &str, part: &[&str]) -> Launch {
        let place = self.image.clone().map_or(Place::Process, |image| {
            let cache = self.folder.path().join("cache");
            Place::Container(Box::new(Inside { image, mounts: vec![], network: Network::None, cache }))
        });
        let ours = matches!(self.image, None | Some(Image::ThisProgram));
        let program = if ours { "keyferry" } else { "/server" };
        Launch {
            server: name(server),
            program: program.to_owned(),
            args: part.iter().map(|&word| word.to_owned()).collect(),
            environment: vec![("TOKEN".to_owned(), SecretText::new(CANARY).unwrap())],
            secrets: vec![],
            working_directory: self.folder.path().to_owned(),
            files: vec![],
            home: self.folder.path().join("home"),
            place,
        }
    }

    /// Starts a part that must start; answers its process.
    pub(crate) async fn start(&self, server: &str, part: &[&str]) -> u32 {
        let status = self.servers.start(self.launch(server, part)).await.unwrap();
        status.pid.unwrap()
    }

    pub(crate) async fn call(&self, server: &str, tool: &str) -> String {
        let result = self.servers.call(&name(server), tool, Map::new()).await.unwrap();
        text(&result)
    }

    pub(crate) async fn log(&self, server: &str) -> String {
        self.servers.logs(&name(server), 10_000).await.unwrap().join("\n")
    }

    pub(crate) fn log_files(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    /// The process that a fixture with a descendant has said it started.
    pub(crate) async fn descendant(&self, server: &str) -> u32 {
        let line = self.says(server, "descendant ").await;
        line.split("descendant ").nth(1).unwrap().parse().unwrap()
    }

    /// Looks until a line with this text is in the log.
    pub(crate) async fn says(&self, server: &str, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let log = self.log(server).await;
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(Instant::now() < until, "no {text:?} in {log}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Looks until this many lines with this text are in the log.
    pub(crate) async fn says_times(&self, server: &str, text: &str, times: usize) {
        let until = Instant::now() + PATIENCE;
        loop {
            let log = self.log(server).await;
            if log.lines().filter(|line| line.contains(text)).count() >= times {
                return;
            }
            assert!(Instant::now() < until, "no {times} times {text:?} in {log}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Looks until a server that is about to end has ended.
    pub(crate) async fn settled(&self, server: &str) -> ServerStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            let status = self.servers.status(&name(server));
            if status.pid.is_none() {
                return status;
            }
            assert!(Instant::now() < until, "{status:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Long where a test must not fail on a slow machine, short where it waits on purpose.
pub(crate) fn limits() -> Limits {
    Limits {
        after_eof: Duration::from_millis(300),
        after_terminate: Duration::from_millis(300),
        after_kill: Duration::from_secs(10),
        ..Limits::default()
    }
}

pub(crate) fn name(server: &str) -> ServerName {
    server.parse().unwrap()
}

pub(crate) fn text(result: &CallToolResult) -> String {
    let value: Value = json!(result);
    value["content"][0]["text"].as_str().unwrap().to_owned()
}

/// Built by `cargo test` beside this binary; `cargo test --test it` alone does not build it.
pub(crate) fn fixture() -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    let folder = binary.parent().and_then(Path::parent).unwrap().join("examples");
    let file = folder.join(format!("keyferry-test-server{}", std::env::consts::EXE_SUFFIX));
    assert!(file.is_file(), "build {} first: cargo build -p keyferry-app --examples", file.display());
    file
}

/// Whether a process runs. One that has ended and waits to be collected does not.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    if Path::new("/proc/self/stat").exists() {
        return stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with('Z'));
    }
    #[cfg(unix)]
    {
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
        rustix::process::test_kill_process(pid).is_ok()
    }
    #[cfg(not(unix))]
    false
}

/// Looks until the process has ended.
pub(crate) async fn ends(pid: u32) {
    let until = Instant::now() + PATIENCE;
    while runs(pid) {
        assert!(Instant::now() < until, "process {pid} still runs");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
