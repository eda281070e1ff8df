//! The folder itself: its checks, and the names of what lies in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use keyferry_core::id::ServerName;

use super::HomeError;

/// A data folder that is ours alone: it exists, is no symlink, belongs to this user and is closed to all others.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// Creates the folder with mode 0700 where it is missing, and checks it where it is not.
    ///
    /// # Errors
    /// [`HomeError`], whose hint says how to repair the folder: nothing about an existing folder is changed here.
    pub fn prepare(path: &Path) -> Result<Self, HomeError> {
        let unwritable = |source| HomeError::NotWritable { path: path.to_owned(), source };
        match fs::symlink_metadata(path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path).map_err(unwritable)?,
            Err(error) => return Err(unwritable(error)),
        }
        let metadata = fs::symlink_metadata(path).map_err(unwritable)?;
        check(path, &metadata, Kind::Folder)?;
        Ok(Self(path.to_owned()))
    }

    /// The folder's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The person's own provider files.
    #[must_use]
    pub fn providers(&self) -> PathBuf {
        self.0.join("providers")
    }

    /// The person's own manifests.
    #[must_use]
    pub fn catalog(&self) -> PathBuf {
        self.0.join("catalog")
    }

    /// What was fetched of lists of manifests at URLs.
    #[must_use]
    pub fn fetched(&self) -> PathBuf {
        self.0.join("fetched")
    }

    /// The tokens of MCP clients, and what was written into their configurations.
    #[must_use]
    pub fn clients(&self) -> PathBuf {
        self.0.join("clients")
    }

    /// The servers' logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// The folders of the servers.
    #[must_use]
    pub fn servers(&self) -> PathBuf {
        self.0.join("servers")
    }

    /// The folder that a server of the built-in catalog works in.
    #[must_use]
    pub fn server(&self, name: &ServerName) -> PathBuf {
        self.servers().join(name.as_str())
    }
}

/// What a path is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File,
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Checks kind, owner and mode. Metadata must come from the path without following a link, or from an open file.
pub(super) fn check(path: &Path, metadata: &fs::Metadata, kind: Kind) -> Result<(), HomeError> {
    if metadata.file_type().is_symlink() {
        return Err(HomeError::Symlink(path.to_owned()));
    }
    let (fits, expected) = match kind {
        Kind::Folder => (metadata.is_dir(), "a folder"),
        Kind::File => (metadata.is_file(), "a file"),
    };
    if !fits {
        return Err(HomeError::WrongKind { path: path.to_owned(), expected });
    }
    ours_alone(path, metadata, if kind == Kind::Folder { 0o700 } else { 0o600 })
}

#[cfg(unix)]
fn ours_alone(path: &Path, metadata: &fs::Metadata, wanted: u32) -> Result<(), HomeError> {
    use std::os::unix::fs::MetadataExt as _;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(HomeError::ForeignOwner { path: path.to_owned(), owner: metadata.uid() });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(HomeError::TooOpen { path: path.to_owned(), mode, wanted });
    }
    Ok(())
}

/// On Windows a profile's folders are closed to other users by inheritance.
#[cfg(not(unix))]
fn ours_alone(_path: &Path, _metadata: &fs::Metadata, _wanted: u32) -> Result<(), HomeError> {
    Ok(())
}
