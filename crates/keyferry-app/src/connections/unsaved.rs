//! Tokens that a provider gave for a spent refresh token, and that the vault's database has not taken yet.
//!
//! They are the only good ones: the token in the database is spent, and to send it again ends the whole grant where reuse is detected. So
//! they wait here, and in the connection's journal for whoever comes after this process; what is done with the connection next saves
//! them first.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use keyferry_core::{flow::Tokens, id::ConnectionId, refresh::Fingerprint};

use super::{ConnectionError, Inner, turns::Held};
use crate::vault::{
    Attempt, ConnectionRecord, ConnectionState, Event, Expected, Journal, Previous, VaultError,
};

/// At most one reply a connection.
#[derive(Default)]
pub(super) struct Unsaved(Mutex<HashMap<ConnectionId, Renewal>>);

/// What a provider gave for a refresh token.
#[derive(Debug, Clone)]
pub(super) struct Renewal {
    /// The refresh token that the vault had when they came.
    pub(super) replaces: Fingerprint,
    /// The tokens from now on.
    pub(super) tokens: Tokens,
    /// When they came.
    pub(super) received_at: Timestamp,
    /// Whether they are on the disk, if only in the journal: what is not must not be used.
    pub(super) durable: bool,
}

/// A connection whose journal has been looked at.
pub(super) struct Settled {
    /// As it is now.
    pub(super) record: ConnectionRecord,
    /// The attempt that was cut off, where there is one: what came of it is not known.
    pub(super) interrupted: Option<Attempt>,
    /// Why the database can't take its newest tokens. Nothing may be spent then.
    pub(super) unsaved: Option<VaultError>,
}

impl Unsaved {
    pub(super) fn keep(&self, id: &ConnectionId, renewal: Renewal) {
        self.lock().insert(id.clone(), renewal);
    }

    pub(super) fn holds(&self, id: &ConnectionId) -> bool {
        self.lock().contains_key(id)
    }

    pub(super) fn ids(&self) -> Vec<ConnectionId> {
        self.lock().keys().cloned().collect()
    }

    pub(super) fn forget(&self, id: &ConnectionId) {
        self.lock().remove(id);
    }

    fn get(&self, id: &ConnectionId) -> Option<Renewal> {
        self.lock().get(id).cloned()
    }

    /// A panic while the map was held leaves it whole: each change is one operation.
    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Renewal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Renewal {
    /// The connection with these tokens.
    fn apply(&self, mut record: ConnectionRecord) -> ConnectionRecord {
        let mut tokens = self.tokens.clone();
        // What was learned meanwhile, such as whose account it is, stays.
        let told = std::mem::replace(&mut tokens.metadata, record.tokens.metadata);
        tokens.metadata.extend(told);
        let rotated =
            tokens.refresh_token.as_ref().is_some_and(|token| Fingerprint::of(token) != self.replaces);
        let before = record.tokens.refresh_token.take().filter(|_| rotated);
        let previous = before.map(|refresh_token| Previous { refresh_token, replaced_at: self.received_at });
        ConnectionRecord {
            tokens,
            previous,
            // One whose end the person has ordered meanwhile comes to it.
            state: match record.state {
                ConnectionState::RevocationPending => ConnectionState::RevocationPending,
                ConnectionState::Active | ConnectionState::NeedsSignIn => ConnectionState::Active,
            },
            failure: None,
            refreshed_at: Some(self.received_at),
            ..record
        }
    }
}

impl Inner {
    /// A connection as it is once what waits for it is saved. Under its turn, and before anything else is done with it.
    ///
    /// # Errors
    /// [`ConnectionError::Unknown`]; [`ConnectionError::Vault`] when it can't be read.
    pub(super) async fn settle(&self, held: &Held, id: &ConnectionId) -> Result<Settled, ConnectionError> {
        let record = self.vault.connection(id).await?.ok_or_else(|| ConnectionError::Unknown(id.clone()))?;
        let journal = held.turn.journal().await?;
        let current = record.tokens.refresh_token.as_ref().map(Fingerprint::of);
        // A journal of tokens that were replaced since tells nothing any more.
        let journal = journal.filter(|journal| current.is_some() && journal.attempt.current == current);
        let (attempt, waiting) = match (self.unsaved.get(id), journal) {
            (Some(renewal), journal) => (journal.map(|journal| journal.attempt), Some(renewal)),
            (
                None,
                Some(Journal { attempt: Attempt { current: Some(replaces), .. }, reply: Some(reply) }),
            ) => {
                let (tokens, received_at) = reply;
                let renewal = Renewal { replaces, tokens, received_at, durable: true };
                self.unsaved.keep(id, renewal.clone());
                (None, Some(renewal))
            }
            (None, journal) => (journal.map(|journal| journal.attempt), None),
        };
        let Some(renewal) = waiting else {
            // Of a token that had been refused before, there is nothing to find out.
            let interrupted = attempt.filter(|attempt| !attempt.of_previous);
            return Ok(Settled { record, interrupted, unsaved: None });
        };
        match self.save(held, id, &renewal, Event::Recovered).await {
            Ok(record) => Ok(Settled { record, interrupted: None, unsaved: None }),
            Err(VaultError::Changed) => {
                let record = self.vault.connection(id).await?;
                let record = record.ok_or_else(|| ConnectionError::Unknown(id.clone()))?;
                Ok(Settled { record, interrupted: None, unsaved: None })
            }
            Err(error) if renewal.durable => {
                let generation = record.generation + 1;
                let record = ConnectionRecord { generation, ..renewal.apply(record) };
                Ok(Settled { record, interrupted: None, unsaved: Some(error) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Saves what waits for a connection, where something does.
    pub(super) async fn save_what_waits(&self, id: &ConnectionId) -> Result<(), ConnectionError> {
        let held = self.turn(id).await?;
        match self.settle(&held, id).await?.unsaved {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// Saves what a provider gave: into the database, or else into the journal's room. What is saved nowhere goes on waiting.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when something newer is there, which stays.
    pub(super) async fn save(
        &self,
        held: &Held,
        id: &ConnectionId,
        renewal: &Renewal,
        event: Event,
    ) -> Result<ConnectionRecord, VaultError> {
        let (expected, change) = (Expected::RefreshToken(renewal.replaces), renewal.clone());
        let event = (Some(event), renewal.received_at);
        let saved =
            self.vault.change_connection(id, expected, event, move |record| change.apply(record)).await;
        match &saved {
            Ok(_) | Err(VaultError::Changed) => {
                self.unsaved.forget(id);
                held.turn.clear().await;
            }
            Err(error) => {
                tracing::error!(connection = %id, %error, "refreshed tokens are not saved yet; the next use tries again");
            }
        }
        saved
    }
}
