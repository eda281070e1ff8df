//! The first start: where the key of a new vault goes.

use super::{KeyPlace, MasterKey, Stores};
use crate::vault::VaultError;

/// Makes the key of a new vault, or takes the one that an earlier start left without a database. Says aloud where it is.
///
/// Without a setting it is the keychain where one works, else the plain file. This is the one moment at which a place is chosen by
/// itself: later, a place that fails is an error and never a reason for another.
pub(in crate::vault) fn make(stores: &Stores<'_>) -> Result<(KeyPlace, MasterKey), VaultError> {
    let (place, key) = match stores.access.place {
        Some(place) => (place, in_place(stores, place)?),
        None => choose(stores)?,
    };
    tracing::info!(%place, key = %key.id(), "the vault's master key is kept in {}", place.description());
    Ok((place, key))
}

/// Makes another key, for a vault that is restored, in this place or the best one. Keys that lie there stay.
pub(in crate::vault) fn make_another(
    stores: &Stores<'_>,
    place: Option<KeyPlace>,
) -> Result<(KeyPlace, MasterKey), VaultError> {
    let key = MasterKey::draw(stores.entropy);
    let place = match place {
        Some(place) => {
            stores.at(place).put(&key)?;
            place
        }
        None => put_anywhere(stores, &key)?,
    };
    Ok((place, key))
}

fn choose(stores: &Stores<'_>) -> Result<(KeyPlace, MasterKey), VaultError> {
    // Whoever left a key there has perhaps to put its vault back.
    for place in [KeyPlace::File, KeyPlace::Passphrase] {
        if let Some(key) = stores.at(place).any()? {
            return Ok((place, key));
        }
    }
    let key = MasterKey::draw(stores.entropy);
    Ok((put_anywhere(stores, &key)?, key))
}

fn put_anywhere(stores: &Stores<'_>, key: &MasterKey) -> Result<KeyPlace, VaultError> {
    let Err(reason) = stores.at(KeyPlace::Keychain).put(key) else { return Ok(KeyPlace::Keychain) };
    tracing::warn!(
        %reason,
        "the vault's master key goes into a plain file, for there is no keychain that works; `keyferry vault move --to passphrase` wraps it"
    );
    stores.at(KeyPlace::File).put(key)?;
    Ok(KeyPlace::File)
}

fn in_place(stores: &Stores<'_>, place: KeyPlace) -> Result<MasterKey, VaultError> {
    let store = stores.at(place);
    if let Some(left) = store.any()? {
        return Ok(left);
    }
    let key = MasterKey::draw(stores.entropy);
    store.put(&key)?;
    Ok(key)
}
