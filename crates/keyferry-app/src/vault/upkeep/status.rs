//! What can be told of a vault without opening it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{
    entropy::Entropy,
    vault::{
        DATABASE, KeyAccess, KeyPlace, VaultError,
        keys::{KeyId, Stores},
        schema,
        sealed::SEALED,
    },
};

/// A vault as it lies there.
#[derive(Clone, Debug, Serialize)]
pub struct VaultStatus {
    /// The database.
    pub database: PathBuf,
    /// Where the master key is kept.
    pub key_place: KeyPlace,
    /// The same in words.
    pub key_description: &'static str,
    /// The master key's id: not secret, another one after a rotation.
    pub key_id: String,
    /// Whether the key is to be had.
    pub key: Reach,
    /// The values under the master key.
    pub sealed_values: u64,
    /// A rotation that is under way.
    pub rotation: Option<Rotation>,
}

/// Whether the key is in its place.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Reach {
    /// It is there.
    Found,
    /// It is there, wrapped; only its passphrase tells whether it is whole.
    Wrapped,
    /// It is not.
    Missing {
        /// What to do.
        hint: String,
    },
    /// Its place can't be looked into.
    Unreachable {
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
    },
}

/// A rotation that was broken off, or waits for values that can't be opened.
#[derive(Clone, Debug, Serialize)]
pub struct Rotation {
    /// Values that are not under the new key yet.
    pub left: u64,
}

/// Looks at the vault of a data folder; none where there is none. Changes nothing, asks for no passphrase, and works beside a running app.
///
/// # Errors
/// [`VaultError`] when the database can't be read.
pub fn status(
    data_folder: &Path,
    access: &KeyAccess,
    entropy: &Entropy,
) -> Result<Option<VaultStatus>, VaultError> {
    let path = data_folder.join(DATABASE);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let (database, head) = schema::open(&path)?;
    let (mut sealed_values, mut all) = (0, 0);
    for column in SEALED {
        // In a database of an older version, some columns are still to come.
        sealed_values += column.count(&database, head.key).unwrap_or(0);
        all += column.count_all(&database).unwrap_or(0);
    }
    let stores = Stores { folder: data_folder, access, entropy };
    Ok(Some(VaultStatus {
        key_place: head.place,
        key_description: head.place.description(),
        key_id: head.key.to_string(),
        key: reach(&stores, head.place, head.key, &path),
        sealed_values,
        rotation: head.rotating.then_some(Rotation { left: all.saturating_sub(sealed_values) }),
        database: path,
    }))
}

fn reach(stores: &Stores<'_>, place: KeyPlace, key: KeyId, database: &Path) -> Reach {
    let missing = || {
        let error = VaultError::KeyMissing { database: database.to_owned(), place };
        Reach::Missing { hint: error.hint().to_owned() }
    };
    match stores.at(place).holds(key) {
        Ok(true) if place == KeyPlace::Passphrase => Reach::Wrapped,
        Ok(true) => Reach::Found,
        Ok(false) => missing(),
        Err(error) => Reach::Unreachable { reason: error.to_string(), hint: error.hint().to_owned() },
    }
}
