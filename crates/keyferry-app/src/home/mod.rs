//! The data folder: who may use it, who does, and how a program finds the app that does.
//!
//! One app owns a data folder at a time. It proves so by a kernel lock on `app.lock`, which ends with its process however
//! that ends; the file itself is never removed, for a lock on a removed file guards nothing. `app.json` says where the
//! owner listens, and means nothing while nobody holds the lock.

mod discovery;
mod folder;
mod lock;
mod page_link;
mod token;

use std::{io, path::PathBuf};

pub use discovery::{Running, find_running};
pub use folder::DataFolder;
pub use page_link::write_page_link;
pub use token::ApiToken;

pub(crate) use discovery::Announcement;
pub(crate) use lock::AppLock;

/// Why a data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The folder, or a file in it that holds secrets, is a symlink: it could lead anywhere by the time it is written.
    #[error("{} is a symbolic link", .0.display())]
    Symlink(PathBuf),
    /// Something else stands where the folder or file should be.
    #[error("{} is not {expected}", path.display())]
    WrongKind {
        /// What stands there.
        path: PathBuf,
        /// What should.
        expected: &'static str,
    },
    /// Another user owns it.
    #[error("{} belongs to another user (uid {owner})", path.display())]
    ForeignOwner {
        /// The folder or file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others may read or write it.
    #[error("{} is open to other users (mode {mode:04o})", path.display())]
    TooOpen {
        /// The folder or file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// The folder can't be created or written.
    #[error("the data folder {} can't be written: {source}", path.display())]
    NotWritable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file in it can't be read or locked.
    #[error("{} can't be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The token file holds something else.
    #[error("{} does not hold an API token", .0.display())]
    BadToken(PathBuf),
    /// Another app owns the folder.
    #[error("another app runs on {}{}", folder.display(), address.as_ref().map(|address| format!(" and listens on {address}")).unwrap_or_default())]
    AlreadyRunning {
        /// The data folder.
        folder: PathBuf,
        /// Where it listens, if it has said so.
        address: Option<String>,
    },
    /// An app owns the folder and does not say where it listens.
    #[error("an app owns {} but does not say where it listens", .0.display())]
    Silent(PathBuf),
}

impl HomeError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyRunning { .. } | Self::Silent(_) => "already_running",
            Self::NotWritable { .. } | Self::Unreadable { .. } => "data_folder_unusable",
            _ => "data_folder_unsafe",
        }
    }

    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> String {
        let elsewhere = "or choose another folder with KEYFERRY_HOME";
        match self {
            Self::Symlink(path) => {
                format!("put a real folder or file there instead of the link {}, {elsewhere}", path.display())
            }
            Self::WrongKind { .. } => format!("move it away, {elsewhere}"),
            Self::ForeignOwner { path, .. } => format!(
                "give it to yourself with `chown`, e.g. `sudo chown -R \"$USER\" {}`, {elsewhere}",
                path.display()
            ),
            Self::TooOpen { path, wanted, .. } => {
                format!("run `chmod {wanted:o} {}`, {elsewhere}", path.display())
            }
            Self::NotWritable { .. } => format!("make the folder writable for you, {elsewhere}"),
            Self::Unreadable { .. } => format!("check the file's permissions, {elsewhere}"),
            Self::BadToken(path) => {
                format!("delete {}; the app makes a new one at its next start", path.display())
            }
            Self::AlreadyRunning { .. } => format!("use that one, stop it first, {elsewhere}"),
            Self::Silent(_) => {
                "it may be starting or stopping: try again, or end the process that holds `app.lock`"
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests;
