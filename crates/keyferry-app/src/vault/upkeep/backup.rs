//! A backup: one file, whole or not there, that opens with its passphrase alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use keyferry_core::secret::SecretText;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    Upkeep, UpkeepError, VaultError,
    container::{self, Contents},
};
use crate::vault::private_file;

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// The file.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
}

/// The copy of the database on its way into the file.
const COPY: &str = ".vault.db.copy";

impl Upkeep {
    /// Writes a backup of the vault and its master key, sealed under a passphrase. Never over a file that is there.
    ///
    /// # Errors
    /// [`UpkeepError`]; then nothing is left of it.
    pub fn backup(
        &self,
        file: &Path,
        passphrase: &SecretText,
        now: Timestamp,
    ) -> Result<BackedUp, UpkeepError> {
        let file = &std::path::absolute(file).map_err(|error| UpkeepError::file(file, error))?;
        if file.symlink_metadata().is_ok() {
            return Err(UpkeepError::Exists(file.clone()));
        }
        self.all_is_settled()?;
        let unlocked = self.unlock()?;
        let copy = self.folder.path().join(COPY);
        let contents = Contents {
            made_at: now,
            key: unlocked.key.clone(),
            database: copied(&unlocked.database, &copy)?,
        };
        let sealed = container::seal(&contents, passphrase, &self.entropy)?;
        private_file::write(file, &sealed).map_err(|error| UpkeepError::file(file, error))?;
        Ok(BackedUp { file: file.clone(), bytes: sealed.len() as u64 })
    }
}

/// The bytes of a consistent copy, without what was deleted. It lies in the data folder for a moment, as sealed as the database itself.
fn copied(database: &rusqlite::Connection, copy: &Path) -> Result<Zeroizing<Vec<u8>>, UpkeepError> {
    let failed = |error| UpkeepError::file(copy, error);
    // Made beforehand, so that nobody else can read it; SQLite takes an empty file.
    private_file::write(copy, b"").map_err(failed)?;
    let made = database.execute("VACUUM INTO ?1", [copy.to_string_lossy()]).map_err(VaultError::from);
    let read = made.map_err(UpkeepError::from).and_then(|_| fs::read(copy).map_err(failed));
    let _ = fs::remove_file(copy);
    Ok(Zeroizing::new(read?))
}
