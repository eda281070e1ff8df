//! Which engine there is.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::timeout;

use super::{
    engine::{Engine, reason},
    service::OwnService,
};
use crate::runtime::{RuntimeError, process::watchdog::Watchdog};

/// How long one socket may take to answer. It is on this machine, which may be busy, or start the engine for this question.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// What names an engine, the first that is set.
const NAMED_BY: [&str; 2] = ["CONTAINER_HOST", "DOCKER_HOST"];

/// Where an engine may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    /// A socket.
    Socket(PathBuf),
    /// Podman's program, whose service does not run.
    Podman,
    /// An address that is no socket of this machine.
    Elsewhere(String),
}

/// The places to look at, in order: the one that the environment names and no other; else those of this user, then those of root.
pub(super) fn candidates(environment: &[(OsString, OsString)]) -> Vec<Candidate> {
    let variable = |wanted: &str| {
        let found = environment.iter().find(|(name, value)| name == wanted && !value.is_empty());
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    };
    if let Some(address) = NAMED_BY.into_iter().find_map(variable) {
        return vec![match address.strip_prefix("unix://") {
            Some(path) => Candidate::Socket(path.into()),
            None => Candidate::Elsewhere(address.chars().take(120).collect()),
        }];
    }
    let below = |folder: Option<String>, path: &str| {
        folder.map(|folder| Candidate::Socket(Path::new(&folder).join(path)))
    };
    let (runtime, home) = (variable("XDG_RUNTIME_DIR"), variable("HOME"));
    let own = [
        below(runtime.clone(), "podman/podman.sock"),
        below(runtime, "docker.sock"),
        below(home.clone(), ".local/share/containers/podman/machine/podman.sock"),
        below(home.clone(), ".docker/run/docker.sock"),
        below(home, ".colima/default/docker.sock"),
    ];
    let roots =
        ["/run/podman/podman.sock", "/var/run/docker.sock"].map(|path| Candidate::Socket(path.into()));
    own.into_iter().flatten().chain([Candidate::Podman]).chain(roots).collect()
}

/// The first engine that answers.
///
/// # Errors
/// [`RuntimeError::NoEngine`] with what was found and does not answer.
pub(super) async fn find(
    environment: &[(OsString, OsString)],
    data_folder: &Path,
    watchdog: Option<&Watchdog>,
) -> Result<Engine, RuntimeError> {
    let mut looked = Vec::new();
    for candidate in candidates(environment) {
        match candidate {
            Candidate::Socket(socket) if !socket.exists() => {}
            Candidate::Socket(socket) => match asked(socket.clone(), None).await {
                Ok(engine) => return Ok(engine),
                Err(why) => looked.push(format!("{}: {why}", socket.display())),
            },
            Candidate::Podman => match OwnService::start(environment, data_folder, watchdog).await {
                Ok(None) => {}
                Ok(Some(service)) => match asked(service.socket().to_owned(), Some(service)).await {
                    Ok(engine) => return Ok(engine),
                    Err(why) => looked.push(format!("podman system service: {why}")),
                },
                Err(why) => looked.push(format!("podman system service: {why}")),
            },
            Candidate::Elsewhere(address) => {
                looked.push(format!("{address}: only a socket of this machine, unix://…, is spoken to"));
            }
        }
    }
    Err(RuntimeError::NoEngine { looked })
}

async fn asked(socket: PathBuf, service: Option<OwnService>) -> Result<Engine, String> {
    match timeout(ANSWERS_WITHIN, Engine::at(socket, service)).await {
        Ok(Ok(engine)) => Ok(engine),
        Ok(Err(error)) => Err(reason(&error)),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<Candidate> {
        let environment: Vec<_> =
            variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
        candidates(&environment)
    }

    #[test]
    fn what_the_environment_names_is_the_only_place() {
        let socket = |path: &str| vec![Candidate::Socket(path.into())];
        assert_eq!(found(&[("DOCKER_HOST", "unix:///a.sock"), ("HOME", "/h")]), socket("/a.sock"));
        let both = [("DOCKER_HOST", "unix:///a.sock"), ("CONTAINER_HOST", "unix:///b.sock")];
        assert_eq!(found(&both), socket("/b.sock"));
        let elsewhere = vec![Candidate::Elsewhere("tcp://10.0.0.1:2375".to_owned())];
        assert_eq!(found(&[("DOCKER_HOST", "tcp://10.0.0.1:2375")]), elsewhere);
    }

    #[test]
    fn engines_of_this_user_go_before_those_of_root() {
        let socket = |path: &str| Candidate::Socket(path.into());
        let all = found(&[("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/h"), ("DOCKER_HOST", "")]);
        assert_eq!(all.first(), Some(&socket("/run/user/7/podman/podman.sock")));
        let place = |wanted: &Candidate| all.iter().position(|one| one == wanted).unwrap();
        assert!(place(&Candidate::Podman) < place(&socket("/run/podman/podman.sock")));
        assert!(place(&socket("/h/.docker/run/docker.sock")) < place(&socket("/var/run/docker.sock")));
        assert_eq!(found(&[]).first(), Some(&Candidate::Podman));
    }
}
