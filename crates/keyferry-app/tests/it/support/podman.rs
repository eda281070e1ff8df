//! A real Podman with a storage of its own, and an image of the test server. Nothing of it is left behind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use bollard::{
    API_DEFAULT_VERSION, Docker, body_full,
    query_parameters::{BuildImageOptionsBuilder, CreateImageOptionsBuilder},
};
use futures_util::TryStreamExt as _;

/// The image of the test server: nothing but its program.
pub(crate) const IMAGE: &str = "localhost/keyferry-test-server:1";

const PATIENCE: Duration = Duration::from_secs(30);

/// A Podman for tests, shared by those that run at the same time.
pub(crate) struct Podman {
    pub(crate) folder: tempfile::TempDir,
    service: Mutex<Child>,
}

static SHARED: Mutex<Weak<Podman>> = Mutex::new(Weak::new());

/// A Podman that runs. Nothing, said loudly, where the machine has none; in CI that fails the test.
pub(crate) async fn podman() -> Option<Arc<Podman>> {
    if !is_there() {
        return None;
    }
    // Two tests at once must not start two; starting one takes a moment, and blocks no other thread's runtime.
    tokio::task::spawn_blocking(|| {
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let podman = Arc::new(Podman::start());
        tokio::runtime::Handle::current().block_on(podman.import(IMAGE));
        *shared = Arc::downgrade(&podman);
        Some(podman)
    })
    .await
    .unwrap()
}

/// Whether the machine has one. If not, that is said loudly; in CI it fails the test.
pub(crate) fn is_there() -> bool {
    let works = |program: &str| {
        let tried =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    if cfg!(target_os = "linux") && works("podman") && works("runc") {
        return true;
    }
    eprintln!("SKIPPED: this machine has no Podman and runc; `cargo xtask setup` installs them");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: there is no Podman or no runc");
    false
}

impl Podman {
    /// One of this test alone, without an image.
    pub(crate) fn start() -> Self {
        // Below a short path, whatever the tests' own temporary folder is: conmon's sockets lie deep in it, and the name of one has room
        // for a hundred bytes.
        let folder = tempfile::Builder::new().prefix("kf-podman-").tempdir_in("/tmp").unwrap();
        for (_, (file, text)) in configuration(folder.path()) {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let service = command(folder.path())
            .args(["system", "service", "--time", "0"])
            .arg(format!("unix://{}", folder.path().join("s").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let podman = Self { folder, service: Mutex::new(service) };
        let until = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(podman.socket()).is_err() {
            assert!(Instant::now() < until, "Podman's service does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        podman
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// What an app must find in its environment to use this Podman.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        vec![("DOCKER_HOST".to_owned(), format!("unix://{}", self.socket().display()))]
    }

    pub(crate) fn docker(&self) -> Docker {
        Docker::connect_with_unix(&format!("unix://{}", self.socket().display()), 60, API_DEFAULT_VERSION)
            .unwrap()
    }

    /// Builds an image of the test server, with what an image says of itself (`Dockerfile` instructions).
    pub(crate) async fn build(&self, image: &str, says: &[&str]) {
        let recipe = format!("FROM scratch\nCOPY server /server\n{}\n", says.join("\n"));
        let mut archive = tar::Builder::new(Vec::new());
        archive.sparse(false);
        archive.append_path_with_name(static_server(), "server").unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(recipe.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "Containerfile", recipe.as_bytes()).unwrap();
        let body = body_full(archive.into_inner().unwrap().into());
        let options = BuildImageOptionsBuilder::new().dockerfile("Containerfile").t(image).build();
        let docker = self.docker().negotiate_version().await.unwrap();
        let told: Result<Vec<_>, _> = docker.build_image(options, None, Some(body)).try_collect().await;
        told.unwrap();
    }

    /// Makes an image of the test server.
    async fn import(&self, image: &str) {
        let mut archive = tar::Builder::new(Vec::new());
        archive.sparse(false);
        archive.append_path_with_name(static_server(), "server").unwrap();
        let body = body_full(archive.into_inner().unwrap().into());
        let options = CreateImageOptionsBuilder::new().from_src("-").repo(image);
        let docker = self.docker().negotiate_version().await.unwrap();
        let told: Result<Vec<_>, _> =
            docker.create_image(Some(options.build()), Some(body), None).try_collect().await;
        told.unwrap();
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let mut service = self.service.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Containers are none of the service's children.
        let removed = command(self.folder.path())
            .args(["rm", "--all", "--force", "--time", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        _ = service.kill();
        _ = service.wait();
        assert!(std::thread::panicking() || removed.is_ok_and(|status| status.success()));
    }
}

/// Podman with a storage and a configuration of its own, whatever the machine's say.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new("podman");
    for (name, (file, _)) in configuration(folder) {
        command.env(name, folder.join(file));
    }
    command.env_remove("DOCKER_HOST").env_remove("CONTAINER_HOST").env("XDG_RUNTIME_DIR", folder);
    // A container that takes too much memory leaves a file where Podman was started.
    command.current_dir(folder);
    command
}

/// The variables that name Podman's files of configuration, with what is in these.
pub(crate) fn configuration(folder: &Path) -> [(&'static str, (&'static str, String)); 2] {
    let shown = folder.display();
    [
        (
            "CONTAINERS_CONF",
            (
                "containers.conf",
                "[engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\n\
                 [containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n\
                 [network]\nnetwork_backend = \"netavark\"\n"
                    .to_owned(),
            ),
        ),
        (
            "CONTAINERS_STORAGE_CONF",
            (
                "storage.conf",
                format!(
                    "[storage]\ndriver = \"vfs\"\ngraphroot = \"{shown}/root\"\nrunroot = \"{shown}/run\"\n"
                ),
            ),
        ),
    ]
}

/// The test server without any library, as an image without a system needs it. Built here, in a folder of its own: one that was built
/// before is taken only when it is no older than its source.
pub(crate) fn static_server() -> PathBuf {
    static BUILT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    BUILT
        .get_or_init(|| {
            let tests = std::env::current_exe().unwrap();
            let target = tests.ancestors().nth(3).unwrap().join("static");
            let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
            let built = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
                .args([
                    "build",
                    "--locked",
                    "--quiet",
                    "-p",
                    "keyferry-sandbox",
                    "--example",
                    "keyferry-contained-server",
                ])
                .args(["--target", &triple, "--target-dir"])
                .arg(&target)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .env("RUSTFLAGS", "-C target-feature=+crt-static")
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                .env("CARGO_INCREMENTAL", "0")
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env("CARGO_PROFILE_DEV_STRIP", "symbols")
                .status()
                .unwrap();
            assert!(built.success(), "the test server could not be built");
            target.join(triple).join("debug/examples/keyferry-contained-server")
        })
        .clone()
}
