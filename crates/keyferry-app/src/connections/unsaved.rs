//! Tokens that a provider gave for a spent refresh token, and that the vault has not taken yet.
//!
//! They are the only good ones: the token in the vault is spent, and to send it again ends the whole grant where reuse is detected. So they
//! wait here, in memory, and whatever is done with the connection next saves them first. Nothing uses them before that.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use keyferry_core::id::ConnectionId;

use super::Inner;
use crate::vault::{ConnectionRecord, VaultError};

/// At most one record a connection.
#[derive(Default)]
pub(super) struct Unsaved(Mutex<HashMap<ConnectionId, ConnectionRecord>>);

impl Unsaved {
    pub(super) fn keep(&self, record: ConnectionRecord) {
        self.lock().insert(record.id.clone(), record);
    }

    pub(super) fn holds(&self, id: &ConnectionId) -> bool {
        self.lock().contains_key(id)
    }

    pub(super) fn ids(&self) -> Vec<ConnectionId> {
        self.lock().keys().cloned().collect()
    }

    fn get(&self, id: &ConnectionId) -> Option<ConnectionRecord> {
        self.lock().get(id).cloned()
    }

    fn forget(&self, id: &ConnectionId) {
        self.lock().remove(id);
    }

    /// A panic while the map was held leaves it whole: each change is one operation.
    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, ConnectionRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Saves what waits here for the connection. Under its turn, and before anything else is done with it.
    ///
    /// # Errors
    /// [`VaultError`]. What waits goes on waiting, unless the vault has something newer.
    pub(super) async fn settle(&self, id: &ConnectionId) -> Result<(), VaultError> {
        let Some(record) = self.unsaved.get(id) else { return Ok(()) };
        let saved = self.vault.replace_connection(&record).await;
        match &saved {
            Ok(()) | Err(VaultError::Changed) => self.unsaved.forget(id),
            Err(error) => {
                tracing::error!(connection = %id, %error, "refreshed tokens are not saved yet; the next use tries again");
            }
        }
        saved
    }
}
