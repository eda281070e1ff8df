//! What to run, all of it handed in.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use keyferry_core::{delivery::RenderedFile, id::ServerName, secret::SecretText, url::Endpoint};

use super::{Place, RuntimeKind};

/// One server, ready to be started.
///
/// `Debug` prints neither arguments nor values: a person's settings may stand in both.
pub struct Launch {
    /// The server. Also the name of its log.
    pub server: ServerName,
    /// The command: an absolute path, a path below `working_directory`, a name to look up in `PATH`, or `keyferry` for the very
    /// program that runs. In a container, a program of its image; empty for the image's own.
    pub program: String,
    /// Its arguments, passed as they are; no shell reads them. They are visible to other programs: never a token.
    pub args: Vec<String>,
    /// The manifest's variables, then the delivery's; of one name the last wins. Every value of 8 bytes and more is replaced by its
    /// variable's name in the log.
    pub environment: Vec<(String, SecretText)>,
    /// Further texts that must never be in the log, such as a token that only a part of a variable holds, or a sensitive setting
    /// among the arguments.
    pub secrets: Vec<SecretText>,
    /// The server's folder. A container does not see it.
    pub working_directory: PathBuf,
    /// Credential files, written below `home` before the server starts.
    pub files: Vec<RenderedFile>,
    /// The folder for the credential files: the server's own, in a folder that exists.
    pub home: PathBuf,
    /// Where it runs.
    pub place: Place,
}

/// A server that runs elsewhere, ready to be called.
///
/// `Debug` prints neither the URL nor values of headers: a person's settings may stand in both.
pub struct RemoteLaunch {
    /// The server. Also the name of its log.
    pub server: ServerName,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Headers of every request, names in lower case.
    pub headers: Vec<(String, SecretText)>,
    /// Further texts that must never be in the log.
    pub secrets: Vec<SecretText>,
}

/// What is started.
#[derive(Debug)]
pub enum Start {
    /// A program on this machine, in a container or not.
    Process(Launch),
    /// A session with a service elsewhere.
    Remote(RemoteLaunch),
}

impl Start {
    /// What runs it, as far as this machine is concerned.
    pub(super) fn runtime(&self) -> RuntimeKind {
        match self {
            Self::Process(launch) => launch.place.kind(),
            Self::Remote(_) => RuntimeKind::Process,
        }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerName {
        match self {
            Self::Process(launch) => &launch.server,
            Self::Remote(launch) => &launch.server,
        }
    }
}

impl From<Launch> for Start {
    fn from(launch: Launch) -> Self {
        Self::Process(launch)
    }
}

impl fmt::Debug for RemoteLaunch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        out.debug_struct("RemoteLaunch")
            .field("server", &self.server)
            .field("headers", &names)
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}

impl Launch {
    /// The variables by name, the last of each.
    pub(crate) fn variables(&self) -> BTreeMap<&str, &SecretText> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value)).collect()
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Launch")
            .field("server", &self.server)
            .field("program", &self.program)
            .field("args", &self.args.len())
            .field("environment", &self.variables().into_keys().collect::<Vec<_>>())
            .field("secrets", &self.secrets.len())
            .field("working_directory", &self.working_directory)
            .field("files", &self.files.len())
            .field("place", &self.place)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_prints_names_and_no_values() {
        let secret = |text: &str| SecretText::new(text).unwrap();
        let launch = Launch {
            server: "notes".parse().unwrap(),
            program: "notes-server".into(),
            args: vec!["--key=canary-argument".into()],
            environment: vec![("TOKEN".into(), secret("canary-old")), ("TOKEN".into(), secret("canary-new"))],
            secrets: vec![secret("canary-setting")],
            working_directory: "/srv/notes".into(),
            files: vec![],
            home: "/srv/home".into(),
            place: Place::Process,
        };
        let printed = format!("{launch:?} {launch:#?}");
        assert!(printed.contains("TOKEN") && printed.contains("notes-server"), "{printed}");
        assert!(!printed.contains("canary"), "{printed}");
        assert_eq!(launch.variables()["TOKEN"].expose_secret(), "canary-new");
    }
}
