//! Why a client can't be connected.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::ClientName;

/// Why a client can't be connected or disconnected. Its configuration is what it was.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No client of this name is known.
    #[error("there is no MCP client {0:?} that Keyferry knows")]
    Unknown(String),
    /// This platform has no place for its configuration, or the variable that names it is not set.
    #[error("where {client} keeps its configuration can't be told on this machine: {missing} is not set")]
    NoPlace {
        /// The client.
        client: ClientName,
        /// The variable.
        missing: &'static str,
    },
    /// Its folder is not there.
    #[error("{client} does not seem to be installed: the folder of {} is not there", path.display())]
    NotInstalled {
        /// The client.
        client: ClientName,
        /// Its configuration.
        path: PathBuf,
    },
    /// The file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is not what such a file is.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where and what.
        reason: String,
    },
    /// Somebody else wrote the file at the same time.
    #[error("{} was changed while it was being edited", .0.display())]
    Changed(PathBuf),
}

/// What is wrong with the text of a configuration.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem(pub(super) String);

impl Problem {
    /// The same, of this file.
    pub(super) fn at(self, path: &Path) -> ClientError {
        ClientError::Unreadable { path: path.to_owned(), reason: self.0 }
    }
}

impl ClientError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// A stable word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_client",
            Self::NoPlace { .. } => "client_place_unknown",
            Self::NotInstalled { .. } => "client_not_installed",
            Self::File { .. } => "client_file",
            Self::Unreadable { .. } => "client_file_unreadable",
            Self::Changed(_) => "client_file_changed",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown(_) => {
                let known: Vec<_> = ClientName::ALL.iter().map(|name| name.as_str()).collect();
                format!("known are {}; any other client can start `keyferry bridge`", known.join(", "))
            }
            Self::NoPlace { client, .. } => {
                format!("`keyferry connect {client} --print` shows what to write")
            }
            Self::NotInstalled { client, .. } => format!(
                "start it once, so that it makes its folder; or write by hand what `keyferry connect {client} --print` shows"
            ),
            Self::File { .. } => {
                "look at its permissions and at the free space; nothing was changed".to_owned()
            }
            Self::Unreadable { .. } => {
                "mend the file, or let its program do so; nothing was changed".to_owned()
            }
            Self::Changed(_) => "try again, best while its program is not running".to_owned(),
        }
    }
}
