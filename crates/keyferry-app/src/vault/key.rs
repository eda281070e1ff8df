//! The master key: 32 random bytes in a file of its own, which only its owner may read.

use std::{io, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{DATABASE, VaultError, private_file};
use crate::entropy::Entropy;

/// The key's file name in the data folder.
pub(super) const KEY: &str = "vault.key";

/// The longest key file that is read, in bytes.
const LONGEST: u64 = 256;

/// The master key.
pub(super) type MasterKey = Zeroizing<[u8; 32]>;

/// Reads the key, or makes one where there is neither key nor database. A database without its key never gets a new one: that would hide
/// the loss, and what is sealed would stay closed for ever.
pub(super) fn load(folder: &Path, database_exists: bool, entropy: &Entropy) -> Result<MasterKey, VaultError> {
    let path = folder.join(KEY);
    match private_file::read(&path, LONGEST) {
        Ok(text) => decode(&Zeroizing::new(text)).ok_or(VaultError::NoKey(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && database_exists => {
            Err(VaultError::KeyMissing { database: folder.join(DATABASE), key: path })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path, entropy),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(VaultError::NoKey(path)),
        Err(error) => Err(VaultError::file(&path, error)),
    }
}

fn make(path: &Path, entropy: &Entropy) -> Result<MasterKey, VaultError> {
    let key = Zeroizing::new(entropy.bytes::<32>());
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(key.as_slice())));
    private_file::write(path, text.as_bytes()).map_err(|error| VaultError::file(path, error))?;
    Ok(key)
}

fn decode(text: &str) -> Option<MasterKey> {
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return None;
    }
    key.copy_from_slice(&bytes);
    Some(key)
}
