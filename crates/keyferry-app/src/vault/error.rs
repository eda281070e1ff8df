//! Why the vault can't do what was asked.

use std::path::PathBuf;

/// Why the vault can't be opened, read or written. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database is there, its key is not.
    #[error("the vault {database} is there, but its key {key} is missing")]
    KeyMissing {
        /// The database.
        database: PathBuf,
        /// Where the key should be.
        key: PathBuf,
    },
    /// The key file can't be used.
    #[error("the key file {path} can't be used: {reason}")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is a database of something else.
    #[error("{0} is not a vault of Keyferry")]
    Foreign(PathBuf),
    /// The database was written by a newer Keyferry.
    #[error("{0} was written by a newer version of Keyferry")]
    Newer(PathBuf),
    /// A sealed value does not open: another key, a damaged row, or one that was put back.
    #[error("the sealed value {0} can't be opened: it is damaged, or of another vault")]
    Unsealable(String),
    /// A row holds what it can't.
    #[error("the row {0} is damaged")]
    Damaged(String),
    /// The row was changed in between by another.
    #[error("the connection was changed in between")]
    Changed,
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
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::KeyMissing { .. } => {
                "put the key file back from a backup; without it the tokens can't be read. To begin anew, move both files away and sign in again"
            }
            Self::Key { .. } => "make it a plain file of your own that nobody else can read: chmod 600",
            Self::Foreign(_) => "move the file away, or name another data folder with --home",
            Self::Newer(_) => "use that version, or name another data folder with --home",
            Self::Unsealable(_) | Self::Damaged(_) => {
                "sign in again at this provider; other connections are not touched"
            }
            Self::Changed => "try again",
            Self::Database(_) | Self::Migration(_) => {
                "look at the free space and the permissions of the data folder"
            }
            Self::Interrupted => "start it again",
        }
    }
}
