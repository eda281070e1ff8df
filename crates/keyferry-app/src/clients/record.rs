//! What was written into a client's configuration, so that it can be undone to the byte.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    ClientError, ClientName,
    configuration::{Configuration, digest},
};
use crate::{runtime::make_private, vault::private_file};

/// The longest record, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The record of one client.
#[derive(Debug)]
pub(super) struct Record {
    file: PathBuf,
    kept: Option<Kept>,
    configuration: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The configuration.
    path: PathBuf,
    /// The configuration as it was before the first change of ours; none where there was none.
    backup: Option<PathBuf>,
    /// The digest of what we wrote last. A file with another one has been changed by somebody else.
    wrote: String,
}

impl Record {
    /// The record of a client and the configuration it has now.
    pub(super) fn of(folder: &Path, name: ClientName, configuration: &Path) -> Result<Self, ClientError> {
        let file = folder.join(format!("{name}.json"));
        let kept = match private_file::read(&file, LONGEST) {
            Ok(text) => serde_json::from_str(&text).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(ClientError::io(&file, error)),
        };
        let kept = kept.filter(|kept: &Kept| kept.path == configuration);
        Ok(Self { file, kept, configuration: configuration.to_owned() })
    }

    /// Writes down what is about to be written. Where the file is still what we wrote before, the oldest backup stays the one to go back
    /// to.
    pub(super) fn grow(
        &self,
        before: &Configuration,
        backup: Option<&Path>,
        text: &str,
    ) -> Result<(), ClientError> {
        let oldest = self.kept.as_ref().filter(|kept| Some(&kept.wrote) == before.digest().as_ref());
        let kept = Kept {
            path: self.configuration.clone(),
            backup: oldest.map_or_else(|| backup.map(Path::to_owned), |kept| kept.backup.clone()),
            wrote: digest(text),
        };
        let text = serde_json::to_string(&kept).unwrap_or_default();
        let written = self.file.parent().map_or(Ok(()), make_private);
        written
            .and_then(|()| private_file::write(&self.file, text.as_bytes()))
            .map_err(|error| ClientError::io(&self.file, error))
    }

    /// The text to go back to, where nobody but us has changed the file since: none within for a file that was not there.
    pub(super) fn before(&self, now: &Configuration) -> Result<Option<Option<String>>, ClientError> {
        let untouched = self.kept.as_ref().filter(|kept| Some(&kept.wrote) == now.digest().as_ref());
        match untouched {
            None => Ok(None),
            Some(Kept { backup: None, .. }) => Ok(Some(None)),
            Some(Kept { backup: Some(backup), .. }) => match fs::read_to_string(backup) {
                Ok(text) => Ok(Some(Some(text))),
                // Somebody tidied up.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(ClientError::io(backup, error)),
            },
        }
    }

    /// Forgets it, for there is nothing to undo any more. A file that is what it was needs no backup.
    pub(super) fn forget(self, restored: bool) -> Result<(), ClientError> {
        if let Some(backup) = self.kept.and_then(|kept| kept.backup).filter(|_| restored) {
            _ = fs::remove_file(backup);
        }
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ClientError::io(&self.file, error)),
            _ => Ok(()),
        }
    }
}
