//! Where the new file goes. Nothing that is there is written over unasked.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use keyferry_core::id::ProviderName;

use crate::error::{CliError, CliResult};

/// A file, or standard output.
pub(super) enum Target {
    Stdout,
    File(PathBuf),
}

impl Target {
    pub(super) fn of(output: Option<&Path>, name: &ProviderName) -> Self {
        match output {
            Some(path) if path == Path::new("-") => Self::Stdout,
            Some(path) => Self::File(path.to_owned()),
            None => Self::File(Path::new("providers").join(format!("{name}.toml"))),
        }
    }

    pub(super) const fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::Stdout => "-".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Fails before anything is asked, where the answers could not be written.
    pub(super) fn must_be_free(&self, force: bool) -> CliResult {
        match self {
            Self::File(path) if !force && fs::symlink_metadata(path).is_ok() => Err(self.taken()),
            _ => Ok(()),
        }
    }

    pub(super) fn write(&self, text: &str, force: bool) -> CliResult {
        let Self::File(path) = self else { return Ok(()) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.map_or(Ok(()), fs::create_dir_all).map_err(|error| self.failed(&error))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(!force).create(force).truncate(force);
        let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => self.taken(),
            _ => self.failed(&error),
        })
    }

    fn taken(&self) -> CliError {
        CliError::failed("file_exists", format!("{} is there already", self.shown()))
            .hint("--force writes over it; --output names another file")
    }

    fn failed(&self, error: &std::io::Error) -> CliError {
        CliError::failed("unwritable", format!("{} can't be written: {error}", self.shown()))
    }
}
