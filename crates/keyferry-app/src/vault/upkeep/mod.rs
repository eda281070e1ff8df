//! What is done to a vault while nobody uses it: its key moved, its key changed, a backup made and put back.
//!
//! [`Upkeep`] owns the data folder as an app does. [`status()`] needs neither that nor the key.

mod backup;
mod container;
mod error;
mod restore;
mod status;

use std::path::{Path, PathBuf};

pub use super::rotation::{OnProgress, Progress, Rotated};
pub use backup::BackedUp;
pub use error::UpkeepError;
pub use restore::Restored;
pub use status::{Reach, Rotation, VaultStatus, status};

use super::{
    DATABASE, KeyAccess, KeyPlace, VaultError,
    keys::Stores,
    rotation, turn,
    unlock::{Unlocked, unlock},
    vault_row,
};
use crate::{
    entropy::Entropy,
    home::{AppLock, DataFolder},
};

/// A vault that nobody else uses for as long as this lives. Its work waits for keychains, passphrases and the disk: not for an async
/// thread.
#[derive(Debug)]
pub struct Upkeep {
    folder: DataFolder,
    access: KeyAccess,
    entropy: Entropy,
    _lock: AppLock,
}

/// Where the key was moved.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Where it was.
    pub from: KeyPlace,
    /// Where it is.
    pub to: KeyPlace,
    /// Why it also still lies in the old place, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<String>,
}

impl Upkeep {
    /// Takes the data folder.
    ///
    /// # Errors
    /// [`UpkeepError`] when an app runs on it, or when it is not the person's alone.
    pub fn begin(data_folder: &Path, access: KeyAccess, entropy: Entropy) -> Result<Self, UpkeepError> {
        let folder = DataFolder::prepare(data_folder)?;
        let lock = AppLock::take(&folder)?;
        Ok(Self { folder, access, entropy, _lock: lock })
    }

    /// Moves the master key to another place: written and read back there, then named by the vault in one write, then removed from the old
    /// one. In a crash between these the vault opens. To the place where it is already: a new passphrase, where that is the place.
    ///
    /// # Errors
    /// [`UpkeepError`]; the key is then where it was.
    pub fn move_key(&self, to: KeyPlace) -> Result<Moved, UpkeepError> {
        let unlocked = self.unlock()?;
        let Unlocked { database, sealer, key, place: from, store, .. } = &unlocked;
        let from = *from;
        if from == to && to != KeyPlace::Passphrase {
            return Ok(Moved { from, to, left_behind: None });
        }
        self.stores().at(to).put(key)?;
        vault_row::set_place(database, to, sealer)?;
        let mut left_behind = None;
        if from != to {
            // A rotation that is not finished has left its old key there as well.
            let mut keys = [Some(key.id()), sealer.previous_key()].into_iter().flatten();
            left_behind = keys.try_for_each(|id| store.remove(id)).err().map(|error| error.to_string());
        }
        Ok(Moved { from, to, left_behind })
    }

    /// Gives the vault a new master key and re-seals everything, or goes on with what was broken off.
    ///
    /// # Errors
    /// [`UpkeepError`]; the vault opens then with what is in its place.
    pub fn rotate(&self, on_progress: OnProgress<'_>) -> Result<Rotated, UpkeepError> {
        self.all_is_settled()?;
        let mut unlocked = self.unlock()?;
        Ok(match unlocked.sealer.previous_key() {
            Some(_) => rotation::carry_on(&mut unlocked, on_progress)?,
            None => rotation::rotate(&mut unlocked, &self.stores(), on_progress)?,
        })
    }

    /// Refuses while a refresh that was cut off waits to be taken up: its journal is sealed under the key of now, and no backup has it.
    fn all_is_settled(&self) -> Result<(), UpkeepError> {
        match turn::interrupted(self.folder.path())?.pop() {
            Some(id) => Err(UpkeepError::Unsettled(id)),
            None => Ok(()),
        }
    }

    fn unlock(&self) -> Result<Unlocked, UpkeepError> {
        let path = self.database();
        if path.symlink_metadata().is_err() {
            return Err(UpkeepError::NoVault(self.folder.path().to_owned()));
        }
        Ok(unlock(&path, &self.stores(), None)?)
    }

    fn stores(&self) -> Stores<'_> {
        Stores { folder: self.folder.path(), access: &self.access, entropy: &self.entropy }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }
}

#[cfg(test)]
mod tests;
