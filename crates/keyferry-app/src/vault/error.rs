//! Why the vault can't do what was asked.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

use super::{
    keys::{KeyPlace, KeychainError, PassphraseError},
    private_file,
};

/// Why the vault can't be opened, read or written. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database is there, its key is not.
    #[error("the vault {database} is there, but its key is not in {}", place.description())]
    KeyMissing {
        /// The database.
        database: PathBuf,
        /// Where the key should be.
        place: KeyPlace,
    },
    /// The key file holds no key.
    #[error("the file {0} does not hold a key")]
    NoKey(PathBuf),
    /// The key is a good one, of another vault.
    #[error("the key in {} is not the one that the vault {database} was sealed with", place.description())]
    OtherKey {
        /// The database.
        database: PathBuf,
        /// Where the key is.
        place: KeyPlace,
    },
    /// The place of the key that the database names is not the one that was sealed.
    #[error("what the vault {0} says of the place of its key was changed by another program")]
    OtherPlace(PathBuf),
    /// The keychain does not serve.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// There is no passphrase, or not the right one.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// A file that others could have read or written.
    #[error("the file {path} is not used: {reason}")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file that can't be read or made.
    #[error("the file {path} can't be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is empty, or a database of something else.
    #[error("{0} is not a vault of Keyferry")]
    Foreign(PathBuf),
    /// The database was written by a newer Keyferry.
    #[error("{0} was written by a newer version of Keyferry")]
    Newer(PathBuf),
    /// The database is damaged.
    #[error("the vault {0} is damaged, or was cut short")]
    Torn(PathBuf),
    /// The file that was opened is no longer at its place: what is written to it would be lost with this process.
    #[error("the vault {0} was removed or replaced while it was in use")]
    Gone(PathBuf),
    /// A sealed value does not open: a damaged row, or one that was put back.
    #[error("the sealed value {0} can't be opened: it is damaged, or was moved there")]
    Unsealable(String),
    /// A row holds what it can't.
    #[error("the row {0} is damaged")]
    Damaged(String),
    /// The row was changed in between by another.
    #[error("the connection was changed in between")]
    Changed,
    /// Another process does not give up the connection.
    #[error("another Keyferry process has been at this connection for too long")]
    Busy,
    /// SQLite says no: the disk is full or read-only, or the file is locked or damaged.
    #[error("the vault can't be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// The migrations could not be applied.
    #[error("the vault can't be brought up to date: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// The work was cut off, for the program is ending.
    #[error("the vault is closing")]
    Interrupted,
}

impl VaultError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if private_file::is_refusal(&source) {
            Self::Exposed { path, reason: source.to_string() }
        } else {
            Self::File { path, source }
        }
    }

    /// Whether one row is damaged, and the rest of the vault is not.
    #[must_use]
    pub const fn is_of_one_row(&self) -> bool {
        matches!(self, Self::Unsealable(_) | Self::Damaged(_))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::KeyMissing { place: KeyPlace::Keychain, .. } => {
                "look whether this is the keychain of the session and user that the vault was made in. No new key is made, for what is sealed would stay closed; restore a backup with `keyferry vault restore --force`, or move vault.db away and sign in again"
            }
            Self::KeyMissing { .. } | Self::NoKey(_) | Self::OtherKey { .. } => {
                "put the vault's own key file back from a backup, or run `keyferry vault restore --force`; without its key the tokens can't be read. To begin anew, move vault.db and the key file away and sign in again"
            }
            Self::OtherPlace(_) | Self::Torn(_) => {
                "nothing was changed; restore a backup with `keyferry vault restore --force`, or move vault.db away and sign in again"
            }
            Self::Keychain(error) => error.hint(),
            Self::Passphrase(error) => error.hint(),
            Self::Exposed { .. } => "make it a plain file of your own that nobody else can read: chmod 600",
            Self::Foreign(_) => {
                "restore a backup with `keyferry vault restore --force`, move the file away, or name another data folder with --home"
            }
            Self::Newer(_) => "use that version, or name another data folder with --home",
            Self::Unsealable(_) | Self::Damaged(_) => {
                "revoke the connection and sign in again, or uninstall the server and install it again; nothing else is touched"
            }
            Self::Gone(_) => "put it back, or end Keyferry and start it again; nothing was sent meanwhile",
            Self::Changed => "try again",
            Self::Busy => "end that process, or try again in a moment",
            Self::Database(error) => hint_of(error),
            Self::File { .. } | Self::Migration(_) => ROOM,
            Self::Interrupted => "start it again",
        }
    }
}

const ROOM: &str = "look at the free space and the permissions of the data folder";

fn hint_of(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds the vault open; end it, or try again in a moment"
        }
        Some(ErrorCode::DiskFull) => "free some space; nothing was lost",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "make the data folder and its files writable for yourself"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the file is damaged: restore a backup with `keyferry vault restore --force`"
        }
        _ => ROOM,
    }
}
