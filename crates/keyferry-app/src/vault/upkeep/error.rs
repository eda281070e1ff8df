//! Why the upkeep of a vault failed.

use std::{io, path::PathBuf};

use keyferry_core::id::ConnectionId;

use crate::{home::HomeError, vault::VaultError};

/// Why a vault's key was not moved or changed, or a backup not made or put back. The vault is as it was, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The data folder can't be used, or an app uses it.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The vault can't be opened, read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// There is no vault.
    #[error("there is no vault in {0}")]
    NoVault(PathBuf),
    /// A refresh was cut off, and what came of it is not in the vault yet.
    #[error("a refresh of the connection {0} was cut off, and is to be taken up first")]
    Unsettled(ConnectionId),
    /// There is one, where a backup should go.
    #[error("there is a vault, or the key of one, in {0}")]
    Occupied(PathBuf),
    /// The backup is to be written over something.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// A file that can't be read or written.
    #[error("{path} can't be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{0} is not a backup of a Keyferry vault")]
    NotABackup(PathBuf),
    /// A newer Keyferry made it.
    #[error("the backup {0} was made by a newer version of Keyferry")]
    NewerBackup(PathBuf),
    /// It does not open.
    #[error(
        "the backup {0} does not open: the passphrase is not the right one, or the file was damaged or cut short"
    )]
    Sealed(PathBuf),
}

impl UpkeepError {
    pub(super) fn file(path: &std::path::Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Home(error) => error.code(),
            Self::Vault(_) => "vault_unusable",
            Self::NoVault(_) => "no_vault",
            Self::Unsettled(_) => "refresh_cut_off",
            Self::Occupied(_) | Self::Exists(_) => "exists",
            Self::File { .. } => "file_unusable",
            Self::NotABackup(_) | Self::NewerBackup(_) | Self::Sealed(_) => "backup_unusable",
        }
    }

    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Home(error) => error.hint(),
            Self::Vault(error) => error.hint().to_owned(),
            Self::Unsettled(_) => {
                "start the app, which takes it up at once, and stop it again; or revoke the connection".to_owned()
            }
            Self::NoVault(_) => {
                "the first start of `keyferry app` makes one; --home names another data folder".to_owned()
            }
            Self::Occupied(_) => {
                "with --force it is kept beside the restored one; or name an empty data folder with --home".to_owned()
            }
            Self::Exists(_) => "name another file, or move this one away".to_owned(),
            Self::File { .. } => "look at the free space and the permissions there".to_owned(),
            Self::NotABackup(_) => "name a file that `keyferry vault backup` wrote".to_owned(),
            Self::NewerBackup(_) => "restore it with that version; nothing was changed".to_owned(),
            Self::Sealed(_) => "try again with the passphrase that was given at the backup, or take another backup; nothing was changed".to_owned(),
        }
    }
}
