//! One at a time for a connection: among the tasks of this process in the order in which they came, among processes by the kernel.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use keyferry_core::id::ConnectionId;
use tokio::sync::OwnedMutexGuard;

use super::Inner;
use crate::vault::{Turn, VaultError};

/// The turns that somebody of this process holds or waits for.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<ConnectionId, Arc<tokio::sync::Mutex<()>>>>);

/// A connection's turn, held.
pub(super) struct Held {
    /// The kernel's lock, with the journal. Freed before the next task of this process gets its turn.
    pub(super) turn: Turn,
    _inside: OwnedMutexGuard<()>,
}

impl Inner {
    /// Waits for the turn under which a connection's tokens are spent or ended.
    ///
    /// # Errors
    /// [`VaultError`] when another process does not give it up, or its file can't be used.
    pub(super) async fn turn(&self, id: &ConnectionId) -> Result<Held, VaultError> {
        let turn = {
            let mut turns = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
            // A turn that nobody holds or awaits has no other owner than the map.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(id.clone()).or_default())
        };
        let inside = turn.lock_owned().await;
        Ok(Held { turn: self.vault.turn(id).await?, _inside: inside })
    }
}
