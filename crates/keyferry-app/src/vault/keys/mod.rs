//! Where the master key is kept. Three places, one of which holds it at a time: the system's keychain, a file wrapped under a passphrase,
//! and a plain file that its owner alone may read.
//!
//! A key is looked up by its id, which the database tells: no place ever has to say which of two keys is the right one, and a write that
//! comes late replaces nothing.

mod choose;
mod file;
mod keychain;
mod master;
mod passphrase;
mod wrap;
mod wrapped;

use std::{fmt, path::Path, str::FromStr, time::Duration};

pub use keychain::KeychainError;
pub use passphrase::{Ask, PassphraseError, Passphrases};

pub(super) use choose::{make, make_another};
pub(super) use file::KEY;
pub(super) use master::{KeyId, MasterKey};
pub(super) use wrap::Argon2id;
pub(super) use wrapped::WRAPPED;

use super::VaultError;
use crate::entropy::Entropy;

/// How long the keychain may take unless told otherwise: a person may have to find its password first.
pub const KEYCHAIN_LIMIT: Duration = Duration::from_secs(30);

/// Where a master key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPlace {
    /// The system's keychain: Keychain on macOS, Credential Manager on Windows, the Secret Service elsewhere.
    Keychain,
    /// A file in the data folder, wrapped under a passphrase.
    Passphrase,
    /// A plain file in the data folder, which its owner alone may read.
    File,
}

/// How the master key is reached: what the settings say, and whom to ask for a passphrase.
#[derive(Clone, Debug)]
pub struct KeyAccess {
    /// Where a new vault's key goes; none lets the first start choose. What an existing vault does is for `keyferry vault move` alone.
    pub place: Option<KeyPlace>,
    /// How long the keychain may take.
    pub keychain_limit: Duration,
    /// Where a passphrase comes from.
    pub passphrases: Passphrases,
}

/// A place for keys. Several may lie in it at once: an old one beside a new one, and those of other data folders.
pub(super) trait KeyStore {
    /// The key of this id.
    fn get(&self, id: KeyId) -> Result<Option<MasterKey>, VaultError>;

    /// Keeps a key durably, and reads it back.
    fn put(&self, key: &MasterKey) -> Result<(), VaultError>;

    /// Forgets the key of this id. One that is not there is no failure.
    fn remove(&self, id: KeyId) -> Result<(), VaultError>;

    /// Whether the key of this id is here. Asks for no passphrase.
    fn holds(&self, id: KeyId) -> Result<bool, VaultError>;

    /// Forgets all keys but one, in a place of this data folder alone. The keychain is shared with others: nothing is done there.
    fn forget_all_but(&self, id: Option<KeyId>) -> Result<(), VaultError>;

    /// A key that lies here, whosever it is; none where the place can't be looked through.
    fn any(&self) -> Result<Option<MasterKey>, VaultError>;
}

/// The places of one data folder.
pub(super) struct Stores<'s> {
    pub(super) folder: &'s Path,
    pub(super) access: &'s KeyAccess,
    pub(super) entropy: &'s Entropy,
}

impl Stores<'_> {
    pub(super) fn at(&self, place: KeyPlace) -> Box<dyn KeyStore> {
        match place {
            KeyPlace::File => Box::new(file::KeyFile::new(self.folder)),
            KeyPlace::Keychain => Box::new(keychain::Keychain::new(self.access.keychain_limit)),
            KeyPlace::Passphrase => Box::new(wrapped::WrappedFile::new(
                self.folder,
                self.access.passphrases.clone(),
                self.entropy.clone(),
            )),
        }
    }
}

impl KeyPlace {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Keychain, Self::Passphrase, Self::File];

    /// The place as settings and `--to` name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::Passphrase => "passphrase",
            Self::File => "file",
        }
    }

    /// The place in words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Keychain => "the system's keychain",
            Self::Passphrase => {
                "a file in the data folder, wrapped under your passphrase (vault.wrapped-key)"
            }
            Self::File => "a file of its own in the data folder, readable by you alone (vault.key)",
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The text names no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of keychain, passphrase, file")]
pub struct UnknownPlace;

impl FromStr for KeyPlace {
    type Err = UnknownPlace;

    fn from_str(text: &str) -> Result<Self, UnknownPlace> {
        Self::ALL.into_iter().find(|place| place.as_str() == text).ok_or(UnknownPlace)
    }
}

impl KeyAccess {
    /// Access to keys in plain files, and nobody to ask: for tests and for vaults that don't last.
    #[must_use]
    pub fn to_files() -> Self {
        Self {
            place: Some(KeyPlace::File),
            keychain_limit: KEYCHAIN_LIMIT,
            passphrases: Passphrases::nobody(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
