//! A client's configuration on the disk: read whole, backed up, replaced in one step.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::ClientError;

/// The largest file that is read. Claude Code keeps a history in its own.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A file as it was when it was read.
#[derive(Debug)]
pub(super) struct Configuration {
    /// The file itself, where the name is a link to it.
    path: PathBuf,
    text: Option<String>,
}

impl Configuration {
    /// Reads the file. One that is not there is no configuration yet.
    pub(super) fn read(path: &Path) -> Result<Self, ClientError> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let text = read(&path)?;
        Ok(Self { path, text })
    }

    /// What it says.
    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether it says exactly this.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text.as_deref() == Some(text)
    }

    /// What it is known by.
    pub(super) fn digest(&self) -> Option<String> {
        self.text.as_deref().map(digest)
    }

    /// Keeps a copy beside it, open to whoever the file is open to.
    pub(super) fn back_up(&self, now: Timestamp) -> Result<Option<PathBuf>, ClientError> {
        let Some(text) = &self.text else { return Ok(None) };
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(now.strftime(".before-keyferry-%Y%m%dT%H%M%SZ").to_string());
        let mut backup = self.path.with_file_name(&name);
        // Another of the same second stays what it is.
        for more in 1.. {
            if fs::symlink_metadata(&backup).is_err() {
                break;
            }
            let mut other = name.clone();
            other.push(format!("-{more}"));
            backup = self.path.with_file_name(other);
        }
        self.write(&backup, text)?;
        Ok(Some(backup))
    }

    /// Puts another text into its place, unless somebody has written the file since it was read.
    pub(super) fn replace(&self, text: &str) -> Result<(), ClientError> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".keyferry-{}", std::process::id()));
        let new = self.path.with_file_name(name);
        // Left by a process of the same number that was killed.
        _ = fs::remove_file(&new);
        let replaced = self.write(&new, text).and_then(|()| {
            if read(&self.path)? != self.text {
                return Err(ClientError::Changed(self.path.clone()));
            }
            fs::rename(&new, &self.path).map_err(|error| ClientError::io(&self.path, error))
        });
        if replaced.is_err() {
            _ = fs::remove_file(&new);
        }
        replaced
    }

    /// A new file with the permissions of the old one, on the disk when this returns.
    fn write(&self, path: &Path, text: &str) -> Result<(), ClientError> {
        let written = || -> io::Result<()> {
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path)?;
            file.write_all(text.as_bytes())?;
            if let Ok(metadata) = fs::metadata(&self.path) {
                file.set_permissions(metadata.permissions())?;
            }
            file.sync_all()
        };
        written().map_err(|error| ClientError::io(path, error))
    }
}

/// The digest of a text.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<Option<String>, ClientError> {
    let read = || -> io::Result<String> {
        if fs::metadata(path)?.len() > LARGEST {
            return Err(io::Error::other("it is too large for a configuration"));
        }
        fs::read_to_string(path)
    };
    match read() {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClientError::io(path, error)),
    }
}
