//! Another master key. The new one is in its place before anything names it; one write makes it the vault's own and keeps the old one
//! sealed under it; then all values are re-sealed, a batch a transaction. Whenever this is cut off, the vault opens, and the next start
//! goes on.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::{
    VaultError,
    keys::{MasterKey, Stores},
    seal::Sealer,
    sealed::SEALED,
    unlock::Unlocked,
    vault_row,
};

/// How far a rotation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Values under the new key.
    pub done: u64,
    /// Values that were under the old one.
    pub total: u64,
}

/// Is told how far a rotation has come, and may break it off: it goes on at the next start.
pub type OnProgress<'p> = &'p mut (dyn FnMut(Progress) -> ControlFlow<()> + Send);

/// What became of a rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rotated {
    /// Values that were re-sealed this time.
    pub resealed: u64,
    /// Whether the old key is gone.
    pub finished: bool,
    /// Values that the old key should open and does not. While there are any, it is kept.
    pub stuck: Vec<String>,
}

/// Gives the vault another master key, and re-seals what it can before it is broken off.
pub(super) fn rotate(
    unlocked: &mut Unlocked,
    stores: &Stores<'_>,
    on_progress: OnProgress<'_>,
) -> Result<Rotated, VaultError> {
    let old = unlocked.key.clone();
    let new = fresh(&old, stores);
    unlocked.store.put(&new)?;
    let sealer = Sealer::new(&new, stores.entropy.clone()).with_previous(&old);
    vault_row::set_key(&unlocked.database, unlocked.place, &sealer, &old)?;
    (unlocked.sealer, unlocked.key) = (sealer, new);
    carry_on(unlocked, on_progress)
}

/// A key whose id is another.
fn fresh(old: &MasterKey, stores: &Stores<'_>) -> MasterKey {
    loop {
        let new = MasterKey::draw(stores.entropy);
        if new.id() != old.id() {
            return new;
        }
    }
}

/// Goes on with a rotation that was begun; none under way is none to finish.
pub(super) fn carry_on(unlocked: &mut Unlocked, on_progress: OnProgress<'_>) -> Result<Rotated, VaultError> {
    let Some(old) = unlocked.sealer.previous_key() else {
        return Ok(Rotated { finished: true, ..Rotated::default() });
    };
    let mut rotated = reseal(&mut unlocked.database, &unlocked.sealer, on_progress)?;
    if rotated.finished {
        unlocked.store.remove(old)?;
        forget(&unlocked.database)?;
        unlocked.sealer = Sealer::new(&unlocked.key, unlocked.sealer.entropy());
    }
    rotated.finished &= unlocked.sealer.previous_key().is_none();
    Ok(rotated)
}

/// Re-seals all that the older key of the sealer has sealed. Says it has finished when nothing is under that key any more.
pub(super) fn reseal(
    database: &mut Connection,
    sealer: &Sealer,
    on_progress: OnProgress<'_>,
) -> Result<Rotated, VaultError> {
    let mut rotated = Rotated::default();
    let Some(old) = sealer.previous_key() else { return Ok(Rotated { finished: true, ..rotated }) };
    let counts = SEALED.iter().map(|column| column.count(database, old));
    let total = counts.sum::<Result<u64, _>>()?;
    for column in SEALED {
        let mut after = i64::MIN;
        loop {
            if on_progress(Progress { done: rotated.resealed, total }).is_break() {
                return Ok(rotated);
            }
            let batch = column.reseal(database, sealer, old, after)?;
            rotated.resealed += batch.resealed;
            rotated.stuck.extend(batch.stuck);
            match batch.last {
                Some(last) => after = last,
                None => break,
            }
        }
    }
    rotated.finished = rotated.stuck.is_empty();
    Ok(rotated)
}

/// Forgets the old key, in the log of the database too.
pub(super) fn forget(database: &Connection) -> Result<(), VaultError> {
    vault_row::forget_retired(database)?;
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}
