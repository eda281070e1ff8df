//! The one row of the table `vault`: what the vault says of its own key.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use zeroize::Zeroizing;

use super::{
    KeyPlace, VaultError,
    keys::{KeyId, MasterKey},
    seal::{Place, Sealer, sealed_by},
};

/// Where the value stands that only the vault's own key opens: the place of that key.
const PROOF: Place<'_> = Place { table: "vault", row: "1", column: "proof", generation: 0 };
/// Where the old master key stands, sealed under the new one.
const RETIRED: Place<'_> = Place { column: "retired", ..PROOF };
/// Where that stands from which other keys are derived.
const ROOT: Place<'_> = Place { column: "root", ..PROOF };

/// What the database tells without its key.
#[derive(Debug)]
pub(super) struct Head {
    /// Where the key is.
    pub(super) place: KeyPlace,
    /// Which key it is.
    pub(super) key: KeyId,
    /// Whether the key is being changed.
    pub(super) rotating: bool,
    proof: Vec<u8>,
}

/// Reads it. In vaults from before there was a choice, the key is in the plain file.
pub(super) fn head(database: &Connection) -> Result<Head, VaultError> {
    let damaged = || VaultError::Damaged(PROOF.table.to_owned());
    let mut statement = database.prepare("SELECT * FROM vault")?;
    let chosen = statement.column_names().contains(&"key_place");
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or_else(damaged)?;
    let proof: Vec<u8> = row.get("proof")?;
    let (place, rotating) = if chosen {
        let place = row.get::<_, String>("key_place")?.parse().map_err(|_| damaged())?;
        (place, row.get::<_, Option<Vec<u8>>>("retired")?.is_some())
    } else {
        (KeyPlace::File, false)
    };
    Ok(Head { place, key: sealed_by(&proof).ok_or_else(damaged)?, rotating, proof })
}

impl Head {
    /// Refuses a key that is not this vault's: what it would seal, the right key could not open later. And a place that was changed by
    /// somebody without the key.
    pub(super) fn prove(&self, sealer: &Sealer, path: &Path) -> Result<(), VaultError> {
        let other = || VaultError::OtherKey { database: path.to_owned(), place: self.place };
        let place = sealer.open(PROOF, &self.proof).map_err(|_| other())?;
        let from_before_the_choice = place.is_empty() && self.place == KeyPlace::File;
        if *place == self.place.as_str() || from_before_the_choice {
            Ok(())
        } else {
            Err(VaultError::OtherPlace(path.to_owned()))
        }
    }
}

/// Makes the row of a new vault.
pub(super) fn insert(database: &Connection, place: KeyPlace, sealer: &Sealer) -> Result<(), VaultError> {
    let proof = sealer.seal(PROOF, place.as_str())?;
    database
        .execute("INSERT INTO vault (one, proof, key_place) VALUES (1, ?1, ?2)", (proof, place.as_str()))?;
    Ok(())
}

/// Says where the key is from now on.
pub(super) fn set_place(database: &Connection, place: KeyPlace, sealer: &Sealer) -> Result<(), VaultError> {
    let proof = sealer.seal(PROOF, place.as_str())?;
    database.execute("UPDATE vault SET proof = ?1, key_place = ?2", (proof, place.as_str()))?;
    Ok(())
}

/// Makes another key the vault's own, in one write. The old one is kept, sealed under the new, for all that it still seals.
pub(super) fn set_key(
    database: &Connection,
    place: KeyPlace,
    sealer: &Sealer,
    old: &MasterKey,
) -> Result<(), VaultError> {
    let proof = sealer.seal(PROOF, place.as_str())?;
    let retired = sealer.seal(RETIRED, &old.expose_text())?;
    database.execute(
        "UPDATE vault SET proof = ?1, key_place = ?2, retired = ?3",
        (proof, place.as_str(), retired),
    )?;
    Ok(())
}

/// The old key, while there is one.
pub(super) fn retired(database: &Connection, sealer: &Sealer) -> Result<Option<MasterKey>, VaultError> {
    let Some(text) = opened(database, RETIRED, sealer)? else { return Ok(None) };
    MasterKey::read(&text).map(Some).ok_or_else(|| VaultError::Damaged("vault".to_owned()))
}

/// Forgets the old key.
pub(super) fn forget_retired(database: &Connection) -> Result<(), VaultError> {
    database.execute("UPDATE vault SET retired = NULL", [])?;
    Ok(())
}

/// What other keys are derived from, drawn where there is none yet.
pub(super) fn root(
    database: &Connection,
    sealer: &Sealer,
    fresh: impl FnOnce() -> MasterKey,
) -> Result<MasterKey, VaultError> {
    if let Some(text) = opened(database, ROOT, sealer)? {
        return MasterKey::read(&text).ok_or_else(|| VaultError::Damaged("vault".to_owned()));
    }
    let root = fresh();
    database.execute("UPDATE vault SET root = ?1", [sealer.seal(ROOT, &root.expose_text())?])?;
    Ok(root)
}

fn opened(
    database: &Connection,
    place: Place<'_>,
    sealer: &Sealer,
) -> Result<Option<Zeroizing<String>>, VaultError> {
    let query = format!("SELECT {} FROM vault", place.column);
    let sealed: Option<Option<Vec<u8>>> = database.query_row(&query, [], |row| row.get(0)).optional()?;
    sealed.flatten().map(|sealed| sealer.open(place, &sealed)).transpose()
}
