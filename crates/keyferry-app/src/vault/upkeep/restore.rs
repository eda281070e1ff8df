//! A backup put back. The restored vault gets a master key of its own: the original may live on, and what moves or changes the key of one
//! must not touch the other.

use std::{
    fs,
    io::Read as _,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use keyferry_core::secret::SecretText;
use rusqlite::Connection;
use serde::Serialize;

use super::{
    KeyPlace, OnProgress, Upkeep, UpkeepError, VaultError,
    container::{self, Contents},
    rotation, vault_row,
};
use crate::vault::{
    keys::{self, KEY, KeyId, MasterKey, WRAPPED},
    private_file, schema,
    seal::Sealer,
    unlock,
};

/// A backup that was put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// When the backup was made.
    pub made_at: Timestamp,
    /// Where the key of the restored vault is kept.
    pub key_place: KeyPlace,
    /// Values that were damaged in the backup already.
    pub stuck: Vec<String>,
    /// The folder with the vault that was there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<PathBuf>,
}

/// The database on its way into its place.
const ARRIVING: &str = ".vault.db.restored";

/// All files of a vault. The database comes last: a vault without its database is none.
const FILES: [&str; 5] = [KEY, WRAPPED, "vault.db-wal", "vault.db-shm", "vault.db"];

impl Upkeep {
    /// Puts a backup into the data folder. `passphrase` is asked for once it is known that the file is a backup.
    ///
    /// With `force` a vault that is there is kept in a folder beside it. Until the very last step, one rename, it is the vault.
    ///
    /// # Errors
    /// [`UpkeepError`]; the vault that was there is as it was.
    pub fn restore(
        &self,
        file: &Path,
        passphrase: impl FnOnce() -> Result<SecretText, UpkeepError>,
        force: bool,
        now: Timestamp,
    ) -> Result<Restored, UpkeepError> {
        let folder = self.folder.path();
        let occupied = FILES.iter().any(|name| folder.join(name).symlink_metadata().is_ok());
        if occupied && !force {
            return Err(UpkeepError::Occupied(folder.to_owned()));
        }
        let bytes = read(file)?;
        container::recognize(file, &bytes)?;
        let contents = container::open(file, &bytes, &passphrase()?)?;
        let made_at = contents.made_at;
        let arriving = folder.join(ARRIVING);
        let kept = if occupied { Some(keep(folder, now)?) } else { None };
        let done = self.prepare(file, &arriving, contents).and_then(|(place, key, stuck)| {
            put(folder, &arriving)?;
            self.forget_others(place, key);
            Ok(Restored { made_at, key_place: place, stuck, kept: kept.clone() })
        });
        if done.is_err() {
            let _ = fs::remove_file(&arriving);
            let _ = kept.map(fs::remove_dir_all);
        }
        done
    }

    /// Makes the database whole beside its place: checked, brought up to date, and under a key of its own, which is in its place.
    fn prepare(
        &self,
        file: &Path,
        arriving: &Path,
        contents: Contents,
    ) -> Result<(KeyPlace, KeyId, Vec<String>), UpkeepError> {
        private_file::write(arriving, &contents.database)
            .map_err(|error| UpkeepError::file(arriving, error))?;
        let (mut database, head) = schema::open(arriving).map_err(|error| of_backup(file, error))?;
        let sealer = Sealer::new(&contents.key, self.entropy.clone());
        head.prove(&sealer, arriving).map_err(|error| of_backup(file, error))?;
        let (sealer, _) = unlock::ready(&mut database, sealer, &self.stores())?;
        // One that was broken off when the backup was made.
        let pending = rotation::reseal(&mut database, &sealer, &mut |_| ControlFlow::Continue(()))?;
        vault_row::forget_retired(&database)?;
        let (place, key) = self.new_key()?;
        let mut stuck = self.take_over(&mut database, &contents.key, place, &key)?;
        stuck.extend(pending.stuck);
        database.pragma_update(None, "journal_mode", "DELETE").map_err(VaultError::from)?;
        database.close().map_err(|(_, error)| VaultError::from(error))?;
        Ok((place, key.id(), stuck))
    }

    /// Puts a new key into the place of the settings, else that of the vault that was there, else the best one.
    fn new_key(&self) -> Result<(KeyPlace, MasterKey), UpkeepError> {
        let before = schema::open(&self.database()).ok().map(|(_, head)| head.place);
        for (place, name) in [(KeyPlace::File, KEY), (KeyPlace::Passphrase, WRAPPED)] {
            // No key could be put beside what is not understood. A copy of it is kept.
            if let Err(VaultError::NoKey(_)) = self.stores().at(place).holds(KeyId([0; 4])) {
                let path = self.folder.path().join(name);
                fs::remove_file(&path).map_err(|error| UpkeepError::file(&path, error))?;
            }
        }
        Ok(keys::make_another(&self.stores(), self.access.place.or(before))?)
    }

    fn take_over(
        &self,
        database: &mut Connection,
        old: &MasterKey,
        place: KeyPlace,
        new: &MasterKey,
    ) -> Result<Vec<String>, UpkeepError> {
        let sealer = Sealer::new(new, self.entropy.clone()).with_previous(old);
        vault_row::set_key(database, place, &sealer, old)?;
        let on_progress: OnProgress<'_> = &mut |_| ControlFlow::Continue(());
        let rotated = rotation::reseal(database, &sealer, on_progress)?;
        if rotated.finished {
            vault_row::forget_retired(database)?;
        }
        Ok(rotated.stuck)
    }

    /// Takes the keys of the vault that was there out of the files that the restored one uses. They lie beside, with their vault; one in
    /// the keychain stays there for it.
    fn forget_others(&self, place: KeyPlace, key: KeyId) {
        for other in [KeyPlace::File, KeyPlace::Passphrase] {
            let keep = (other == place).then_some(key);
            if let Err(error) = self.stores().at(other).forget_all_but(keep) {
                tracing::warn!(%error, "a key of the vault that was replaced is left in {}", other.description());
            }
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, UpkeepError> {
    let failed = |error| UpkeepError::file(file, error);
    let mut bytes = Vec::new();
    let opened = fs::File::open(file).map_err(failed)?;
    opened.take(container::LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > container::LARGEST {
        return Err(UpkeepError::NotABackup(file.to_owned()));
    }
    Ok(bytes)
}

/// What is wrong with the database of a backup is told of the backup.
fn of_backup(file: &Path, error: VaultError) -> UpkeepError {
    match error {
        VaultError::Newer(_) => UpkeepError::NewerBackup(file.to_owned()),
        VaultError::Foreign(_) | VaultError::OtherKey { .. } => UpkeepError::NotABackup(file.to_owned()),
        other => other.into(),
    }
}

/// Copies the vault that is there into a folder beside it.
fn keep(folder: &Path, now: Timestamp) -> Result<PathBuf, UpkeepError> {
    let kept = folder.join(format!("vault-before-restore-{}", now.strftime("%Y%m%dT%H%M%S%3fZ")));
    create(&kept).map_err(|error| UpkeepError::file(&kept, error))?;
    for name in FILES {
        let from = folder.join(name);
        if from.symlink_metadata().is_ok() {
            let copied = fs::read(&from).and_then(|bytes| private_file::write(&kept.join(name), &bytes));
            copied.map_err(|error| UpkeepError::file(&from, error))?;
        }
    }
    Ok(kept)
}

#[cfg(unix)]
fn create(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> std::io::Result<()> {
    fs::create_dir(path)
}

/// The last step. What SQLite keeps beside the old database must not be taken for the new one's.
fn put(folder: &Path, arriving: &Path) -> Result<(), UpkeepError> {
    let path = folder.join(crate::vault::DATABASE);
    for beside in ["vault.db-wal", "vault.db-shm"] {
        match fs::remove_file(folder.join(beside)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(UpkeepError::file(&folder.join(beside), error));
            }
            _ => {}
        }
    }
    private_file::replace(arriving, &path).map_err(|error| UpkeepError::file(&path, error))
}
