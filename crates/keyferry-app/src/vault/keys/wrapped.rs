//! `vault.wrapped-key`: the key in a file, wrapped under a passphrase. Each key has its own salt, so that an old and a new passphrase can
//! lie side by side.

use std::{
    cell::RefCell,
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyferry_core::secret::SecretText;
use serde::{Deserialize, Serialize};

use super::{Argon2id, Ask, KeyId, KeyStore, MasterKey, PassphraseError, Passphrases};
use crate::{
    entropy::Entropy,
    vault::{VaultError, private_file},
};

/// The file's name in the data folder.
pub(in crate::vault) const WRAPPED: &str = "vault.wrapped-key";

/// The longest such file that is read, in bytes.
const LONGEST: u64 = 16 * 1024;

/// The file's form, for a later change of it.
const FORM: u32 = 1;

pub(super) struct WrappedFile {
    path: PathBuf,
    passphrases: Passphrases,
    entropy: Entropy,
    /// The passphrase once it is known: a person is asked once a command.
    known: RefCell<Option<SecretText>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    form: u32,
    keys: Vec<WrappedKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrappedKey {
    id: String,
    argon2id: Argon2id,
    sealed: String,
}

impl WrappedFile {
    pub(super) fn new(folder: &Path, passphrases: Passphrases, entropy: Entropy) -> Self {
        Self { path: folder.join(WRAPPED), passphrases, entropy, known: RefCell::default() }
    }

    fn read(&self) -> Result<Wrapped, VaultError> {
        let no_key = || VaultError::NoKey(self.path.clone());
        match private_file::read(&self.path, LONGEST) {
            Ok(text) => {
                serde_json::from_str(&text).ok().filter(|read: &Wrapped| read.form == FORM).ok_or_else(no_key)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Wrapped { form: FORM, keys: Vec::new() })
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(no_key()),
            Err(error) => Err(VaultError::file(&self.path, error)),
        }
    }

    fn write(&self, wrapped: &Wrapped) -> Result<(), VaultError> {
        let written = if wrapped.keys.is_empty() {
            fs::remove_file(&self.path)
        } else {
            // Texts and numbers are always JSON.
            let text = serde_json::to_string_pretty(wrapped).unwrap_or_default();
            private_file::write(&self.path, format!("{text}\n").as_bytes())
        };
        written.map_err(|error| VaultError::file(&self.path, error))
    }

    fn retain(&self, keeps: impl FnMut(&WrappedKey) -> bool) -> Result<(), VaultError> {
        let mut wrapped = self.read()?;
        let before = wrapped.keys.len();
        wrapped.keys.retain(keeps);
        if wrapped.keys.len() == before { Ok(()) } else { self.write(&wrapped) }
    }

    fn passphrase(&self, what: Ask) -> Result<SecretText, PassphraseError> {
        if let Some(known) = &*self.known.borrow() {
            return Ok(known.clone());
        }
        let passphrase = self.passphrases.ask(what)?;
        *self.known.borrow_mut() = Some(passphrase.clone());
        Ok(passphrase)
    }

    fn unwrap(&self, kept: &WrappedKey) -> Result<MasterKey, VaultError> {
        let sealed = STANDARD.decode(&kept.sealed).map_err(|_| VaultError::NoKey(self.path.clone()))?;
        let opened = kept.argon2id.open(&self.passphrase(Ask::Known)?, kept.id.as_bytes(), &sealed)?;
        let key = MasterKey::from_slice(&opened).filter(|key| key.id().to_string() == kept.id);
        key.ok_or_else(|| VaultError::NoKey(self.path.clone()))
    }
}

impl KeyStore for WrappedFile {
    fn get(&self, id: KeyId) -> Result<Option<MasterKey>, VaultError> {
        let id = id.to_string();
        self.read()?.keys.iter().find(|kept| kept.id == id).map(|kept| self.unwrap(kept)).transpose()
    }

    fn put(&self, key: &MasterKey) -> Result<(), VaultError> {
        let mut wrapped = self.read()?;
        let (id, argon2id) = (key.id().to_string(), Argon2id::draw(&self.entropy));
        let passphrase = self.passphrase(Ask::New)?;
        let sealed = STANDARD.encode(argon2id.seal(&passphrase, id.as_bytes(), key.expose_bytes())?);
        wrapped.keys.retain(|kept| kept.id != id);
        wrapped.keys.push(WrappedKey { id, argon2id, sealed });
        self.write(&wrapped)?;
        self.get(key.id())?.map(drop).ok_or_else(|| VaultError::NoKey(self.path.clone()))
    }

    fn remove(&self, id: KeyId) -> Result<(), VaultError> {
        let id = id.to_string();
        self.retain(|kept| kept.id != id)
    }

    fn holds(&self, id: KeyId) -> Result<bool, VaultError> {
        let id = id.to_string();
        Ok(self.read()?.keys.iter().any(|kept| kept.id == id))
    }

    fn forget_all_but(&self, id: Option<KeyId>) -> Result<(), VaultError> {
        let id = id.map(|id| id.to_string());
        self.retain(|kept| Some(&kept.id) == id.as_ref())
    }

    fn any(&self) -> Result<Option<MasterKey>, VaultError> {
        self.read()?.keys.first().map(|kept| self.unwrap(kept)).transpose()
    }
}
