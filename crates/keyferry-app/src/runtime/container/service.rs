//! Podman's service, where Podman is there and its service does not run: a child of ours, for this app alone.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::{
    net::UnixStream,
    time::{Instant, sleep},
};

use crate::runtime::{
    files::make_private,
    process::{
        program,
        watchdog::{Watchdog, Watched},
    },
};

/// How long it may take until it listens.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The folder for its socket, below the data folder.
const FOLDER: &str = "engine";
const SOCKET: &str = "podman.sock";
/// The longest path of a socket (`sun_path`), on the strictest system.
const LONGEST_SOCKET: usize = 103;

/// The service. Dropped, it is killed; the containers it started are ended by whoever holds them.
#[derive(Debug)]
pub(super) struct OwnService {
    child: Box<dyn ChildWrapper>,
    socket: PathBuf,
    /// It ends with the app, however the app ends.
    _watched: Option<Watched>,
}

impl OwnService {
    /// Starts the service, and waits until it listens. Nothing where there is no Podman.
    pub(super) async fn start(
        environment: &[(OsString, OsString)],
        data_folder: &Path,
        watchdog: Option<&Watchdog>,
    ) -> Result<Option<Self>, String> {
        let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
        let Ok(podman) = program::resolve("podman", data_folder, Path::new(""), path) else {
            return Ok(None);
        };
        let socket = socket(environment, data_folder)?;
        if let Some(watchdog) = watchdog {
            watchdog.ready().await;
        }
        let mut child = command(&podman, environment, &socket).spawn().map_err(|error| error.to_string())?;
        // At once: until the watchdog knows it, a killed app would leave it.
        let watched = match (watchdog, child.id()) {
            (Some(watchdog), Some(group)) => Some(watchdog.watch(group).await),
            _ => None,
        };
        let until = Instant::now() + LISTENS_WITHIN;
        loop {
            if UnixStream::connect(&socket).await.is_ok() {
                return Ok(Some(Self { child, socket, _watched: watched }));
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(format!("it ended at once ({status}); `podman info` may say why"));
            }
            if Instant::now() > until {
                return Err("it does not listen".to_owned());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for OwnService {
    fn drop(&mut self) {
        // A failure means that it has ended.
        _ = self.child.start_kill();
        _ = std::fs::remove_file(&self.socket);
    }
}

/// A path for the socket, in a folder that only this user may enter.
fn socket(environment: &[(OsString, OsString)], data_folder: &Path) -> Result<PathBuf, String> {
    let own = data_folder.join(FOLDER);
    let folder = if own.as_os_str().len() + SOCKET.len() < LONGEST_SOCKET {
        own
    } else {
        // Two apps have two data folders, and this may be shared.
        let runtime = environment.iter().find(|(name, _)| name == "XDG_RUNTIME_DIR");
        let runtime = runtime.ok_or("the data folder's path is too long for a socket in it")?;
        Path::new(&runtime.1).join(format!("keyferry-{}", std::process::id()))
    };
    let refused = |error: io::Error| format!("{}: {error}", folder.display());
    make_private(&folder).map_err(refused)?;
    let socket = folder.join(SOCKET);
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(error)),
        _ => Ok(socket),
    }
}

/// Podman has the person's own environment, for it is the person's own Podman; without what is ours.
fn command(podman: &Path, environment: &[(OsString, OsString)], socket: &Path) -> CommandWrap {
    let address = format!("unix://{}", socket.display());
    let mut command = CommandWrap::with_new(podman, |command| {
        command
            .args(["system", "service", "--time", "0", &address])
            .env_clear()
            .envs(
                environment
                    .iter()
                    .filter(|(name, _)| !name.to_string_lossy().starts_with("KEYFERRY_"))
                    .cloned(),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
    });
    // Ctrl-C in the app's terminal must not end it before the servers.
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    command.wrap(KillOnDrop);
    command
}
