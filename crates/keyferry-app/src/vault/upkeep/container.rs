//! The form of a backup: a line that names it, a line of JSON that says how its passphrase is made a key, and all the rest sealed under
//! that: the master key, then the database. Nothing in it can be read or changed without the passphrase, not even which services there are.

use std::path::Path;

use jiff::Timestamp;
use keyferry_core::secret::SecretText;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::UpkeepError;
use crate::{
    entropy::Entropy,
    vault::keys::{Argon2id, MasterKey},
};

/// The first line, up to the version.
const NAME: &str = "keyferry vault backup";
/// The version of the form.
const FORM: u32 = 1;

/// The most that a backup may hold, in bytes: it is read whole.
pub(super) const LARGEST: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    made_at: Timestamp,
    argon2id: Argon2id,
}

/// What a backup holds.
pub(super) struct Contents {
    pub(super) made_at: Timestamp,
    pub(super) key: MasterKey,
    pub(super) database: Zeroizing<Vec<u8>>,
}

/// The bytes of a backup.
pub(super) fn seal(
    contents: &Contents,
    passphrase: &SecretText,
    entropy: &Entropy,
) -> Result<Vec<u8>, UpkeepError> {
    let argon2id = Argon2id::draw(entropy);
    // A time, numbers and texts are always JSON.
    let json = serde_json::to_string(&Head { made_at: contents.made_at, argon2id: argon2id.clone() })
        .unwrap_or_default();
    let head = format!("{NAME} {FORM}\n{json}\n");
    let mut secret =
        Zeroizing::new(Vec::with_capacity(contents.database.len() + contents.key.expose_bytes().len()));
    secret.extend_from_slice(contents.key.expose_bytes());
    secret.extend_from_slice(&contents.database);
    let sealed = argon2id
        .seal(passphrase, head.as_bytes(), &secret)
        .map_err(|error| UpkeepError::Vault(error.into()))?;
    Ok([head.as_bytes(), &sealed].concat())
}

/// What stands in a backup. `path` is for the error alone.
pub(super) fn open(path: &Path, bytes: &[u8], passphrase: &SecretText) -> Result<Contents, UpkeepError> {
    let (head, argon2id, made_at) = read_head(path, bytes)?;
    let sealed = || UpkeepError::Sealed(path.to_owned());
    let rest = bytes.get(head.len()..).ok_or_else(sealed)?;
    let opened = argon2id.open(passphrase, head, rest).map_err(|_| sealed())?;
    let (key, database) = opened.split_first_chunk::<32>().ok_or_else(sealed)?;
    Ok(Contents { made_at, key: MasterKey::new(*key), database: Zeroizing::new(database.to_vec()) })
}

/// Refuses what is no backup, or a newer one, before anyone is asked for a passphrase.
pub(super) fn recognize(path: &Path, bytes: &[u8]) -> Result<(), UpkeepError> {
    read_head(path, bytes).map(drop)
}

fn read_head<'b>(path: &Path, bytes: &'b [u8]) -> Result<(&'b [u8], Argon2id, Timestamp), UpkeepError> {
    let other = || UpkeepError::NotABackup(path.to_owned());
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let (name, json) = (lines.next().ok_or_else(other)?, lines.next().ok_or_else(other)?);
    let form = std::str::from_utf8(name).ok().and_then(|name| name.strip_prefix(NAME)).ok_or_else(other)?;
    let form: u32 = form.trim().parse().map_err(|_| other())?;
    if form > FORM {
        return Err(UpkeepError::NewerBackup(path.to_owned()));
    }
    let head = bytes.get(..name.len() + json.len() + 2).ok_or_else(other)?;
    let Head { made_at, argon2id } = serde_json::from_slice(json).map_err(|_| other())?;
    Ok((head, argon2id, made_at))
}
