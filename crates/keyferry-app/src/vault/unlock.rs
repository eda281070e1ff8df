//! From a database file and the places of keys to a database that can be read.

use std::path::Path;

use rusqlite::Connection;

use super::{
    VaultError,
    keys::{KeyPlace, KeyStore, MasterKey, Stores},
    schema,
    seal::Sealer,
    vault_row,
};

/// A database with the key that opens it.
pub(super) struct Unlocked {
    pub(super) database: Connection,
    pub(super) sealer: Sealer,
    pub(super) key: MasterKey,
    pub(super) root: MasterKey,
    pub(super) place: KeyPlace,
    pub(super) store: Box<dyn KeyStore>,
}

/// Opens the database, proves its key and brings it up to date. Nothing is changed before the key is proven, and a database whose key is
/// not to be had never gets a new one: that would hide the loss, and what is sealed would stay closed for ever.
///
/// `made` is a key that was made a moment ago: nobody is asked for it again.
pub(super) fn unlock(
    path: &Path,
    stores: &Stores<'_>,
    made: Option<MasterKey>,
) -> Result<Unlocked, VaultError> {
    let (mut database, head) = schema::open(path)?;
    let store = stores.at(head.place);
    let missing = || match head.place {
        // Somebody else's key lies there.
        KeyPlace::File if matches!(store.any(), Ok(Some(_))) => {
            VaultError::OtherKey { database: path.to_owned(), place: head.place }
        }
        place => VaultError::KeyMissing { database: path.to_owned(), place },
    };
    let key = match made.filter(|made| made.id() == head.key) {
        Some(made) => made,
        None => store.get(head.key)?.ok_or_else(missing)?,
    };
    let sealer = Sealer::new(&key, stores.entropy.clone());
    head.prove(&sealer, path)?;
    let (sealer, root) = ready(&mut database, sealer, stores)?;
    Ok(Unlocked { database, sealer, key, root, place: head.place, store })
}

/// Brings a database with a proven key up to date, and reads what else is kept of keys.
pub(super) fn ready(
    database: &mut Connection,
    sealer: Sealer,
    stores: &Stores<'_>,
) -> Result<(Sealer, MasterKey), VaultError> {
    schema::update(database)?;
    let sealer = match vault_row::retired(database, &sealer)? {
        Some(old) => sealer.with_previous(&old),
        None => sealer,
    };
    let root = vault_row::root(database, &sealer, || MasterKey::draw(stores.entropy))?;
    Ok((sealer, root))
}
