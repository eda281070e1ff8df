//! An engine that answers, and what it can do.

use std::{fmt, path::PathBuf};

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};

use super::service::OwnService;
use crate::runtime::{RuntimeError, log::escaped};

/// How long one question may take, in seconds. Pulls and builds answer at once, and then go on.
const ANSWERS_WITHIN: u64 = 30;
/// The longest word of an engine in an error, in characters.
const LONGEST_REASON: usize = 300;
/// Who a server is where this user is root: a container's user must not be the machine's root.
const NOBODYS: u32 = 65_532;

/// An engine.
pub(crate) struct Engine {
    pub(crate) docker: Docker,
    pub(crate) facts: Facts,
    /// The service that was started for this app alone.
    _service: Option<OwnService>,
}

/// What is known of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `Podman` or `Docker`.
    pub name: &'static str,
    /// Its own version.
    pub version: String,
    /// Where it answers.
    pub socket: PathBuf,
    /// Whether the app has started its service.
    pub started_here: bool,
    /// Whether it runs as this user, not as root.
    pub rootless: bool,
    /// Whether it can bound a container's memory.
    pub bounds_memory: bool,
    /// Whether it can bound a container's processors.
    pub bounds_cpus: bool,
    /// Whether it can bound a container's processes.
    pub bounds_pids: bool,
}

/// Who a container's server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Runner {
    /// `UID:GID` in the container.
    pub(super) user: String,
    /// How users of the container and the machine go together, where the engine must be told.
    pub(super) userns: Option<&'static str>,
    /// Who must own its files on this machine, where that is not this user.
    pub(super) owner: Option<u32>,
}

impl Engine {
    /// Asks an engine at a socket what it is.
    pub(super) async fn at(socket: PathBuf, service: Option<OwnService>) -> Result<Self, Error> {
        let address = format!("unix://{}", socket.display());
        let docker = Docker::connect_with_unix(&address, ANSWERS_WITHIN, API_DEFAULT_VERSION)?;
        let docker = docker.negotiate_version().await?;
        let (version, info) = tokio::try_join!(docker.version(), docker.info())?;
        let components = version.components.unwrap_or_default();
        let is_podman = components.iter().any(|part| part.name.starts_with("Podman"));
        let options = info.security_options.unwrap_or_default();
        let facts = Facts {
            name: if is_podman { "Podman" } else { "Docker" },
            version: escaped(&version.version.unwrap_or_default()).chars().take(60).collect(),
            socket,
            started_here: service.is_some(),
            rootless: options.iter().any(|option| option.starts_with("name=rootless")),
            bounds_memory: info.memory_limit.unwrap_or_default(),
            bounds_cpus: info.cpu_cfs_quota.unwrap_or_default(),
            bounds_pids: info.pids_limit.unwrap_or_default(),
        };
        Ok(Self { docker, facts, _service: service })
    }

    /// Whether it still answers.
    pub(super) async fn answers(&self) -> bool {
        self.docker.ping().await.is_ok()
    }

    /// The user of its containers: on this machine never root, and always able to read what this user delivers.
    pub(super) fn runner(&self) -> Runner {
        let (user, group) = this_user();
        match (self.facts.name, self.facts.rootless) {
            ("Podman", true) => {
                Runner { user: format!("{user}:{group}"), userns: Some("keep-id"), owner: None }
            }
            // A container's root is this user there, and has no capabilities either.
            (_, true) => Runner { user: "0:0".to_owned(), userns: None, owner: None },
            (_, false) if user == 0 => {
                Runner { user: format!("{NOBODYS}:{NOBODYS}"), userns: None, owner: Some(NOBODYS) }
            }
            (_, false) => Runner { user: format!("{user}:{group}"), userns: None, owner: None },
        }
    }
}

#[cfg(unix)]
fn this_user() -> (u32, u32) {
    (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}

/// A Linux machine runs the containers; its first user is the one who may use it.
#[cfg(not(unix))]
fn this_user() -> (u32, u32) {
    (1000, 1000)
}

impl fmt::Debug for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Engine").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// What an engine said, fit to be shown. It never repeats a request, whose variables are secret.
pub(super) fn reason(error: &Error) -> String {
    let text = match error {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        Error::DockerStreamError { error } => error.clone(),
        Error::RequestTimeoutError => "it does not answer".to_owned(),
        other => other.to_string(),
    };
    escaped(text.trim()).chars().take(LONGEST_REASON).collect()
}

pub(super) fn failed(doing: &'static str, error: &Error) -> RuntimeError {
    RuntimeError::Engine { doing, reason: reason(error) }
}

/// Whether there is no such thing.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}
