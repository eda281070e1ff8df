//! `vault.key`: the key in a plain file that its owner alone may read. One key a line; more than one only while keys change.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{KeyId, KeyStore, MasterKey};
use crate::vault::{VaultError, private_file};

/// The file's name in the data folder.
pub(in crate::vault) const KEY: &str = "vault.key";

/// The longest key file that is read, in bytes.
const LONGEST: u64 = 4096;

pub(super) struct KeyFile(PathBuf);

impl KeyFile {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.join(KEY))
    }

    fn read(&self) -> Result<Vec<MasterKey>, VaultError> {
        let path = &self.0;
        match private_file::read(path, LONGEST) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                let keys = lines.map(MasterKey::read).collect::<Option<Vec<_>>>();
                keys.filter(|keys| !keys.is_empty()).ok_or_else(|| VaultError::NoKey(path.clone()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(VaultError::NoKey(path.clone())),
            Err(error) => Err(VaultError::file(path, error)),
        }
    }

    fn retain(&self, keeps: impl FnMut(&MasterKey) -> bool) -> Result<(), VaultError> {
        let mut keys = self.read()?;
        let before = keys.len();
        keys.retain(keeps);
        if keys.len() == before { Ok(()) } else { self.write(&keys) }
    }

    fn write(&self, keys: &[MasterKey]) -> Result<(), VaultError> {
        let written = if keys.is_empty() {
            fs::remove_file(&self.0)
        } else {
            let mut text = Zeroizing::new(String::with_capacity(keys.len() * 45));
            for key in keys {
                text.push_str(&key.expose_text());
                text.push('\n');
            }
            private_file::write(&self.0, text.as_bytes())
        };
        written.map_err(|error| VaultError::file(&self.0, error))
    }
}

impl KeyStore for KeyFile {
    fn get(&self, id: KeyId) -> Result<Option<MasterKey>, VaultError> {
        Ok(self.read()?.into_iter().find(|key| key.id() == id))
    }

    fn put(&self, key: &MasterKey) -> Result<(), VaultError> {
        let mut keys = self.read()?;
        if keys.iter().all(|kept| kept.id() != key.id()) {
            keys.push(key.clone());
            self.write(&keys)?;
        }
        self.get(key.id())?.map(drop).ok_or_else(|| VaultError::NoKey(self.0.clone()))
    }

    fn remove(&self, id: KeyId) -> Result<(), VaultError> {
        self.retain(|key| key.id() != id)
    }

    fn holds(&self, id: KeyId) -> Result<bool, VaultError> {
        Ok(self.get(id)?.is_some())
    }

    fn forget_all_but(&self, id: Option<KeyId>) -> Result<(), VaultError> {
        self.retain(|key| Some(key.id()) == id)
    }

    fn any(&self) -> Result<Option<MasterKey>, VaultError> {
        Ok(self.read()?.into_iter().next())
    }
}
