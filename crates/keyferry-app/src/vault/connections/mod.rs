//! Connections as they are kept, each with its tokens sealed.

mod outline;
mod row;

use jiff::Timestamp;
use keyferry_core::{
    fact::Facts,
    flow::Tokens,
    id::{ClientId, ConnectionId, ProviderName},
    label::Label,
    refresh::{Failure, Fingerprint},
    scope::Scopes,
    secret::RefreshToken,
};
use rusqlite::{Connection as Database, TransactionBehavior};

pub use keyferry_core::refresh::ConnectionState;
pub use outline::Outline;

use super::{
    Vault, VaultError,
    audit::{self, Event},
    row::{moment, parsed},
    seal::Sealer,
};
use crate::{events::Change, failpoint::failpoint};

/// One person's grant at one provider, with its tokens.
#[derive(Debug, Clone)]
pub struct ConnectionRecord {
    /// Its id.
    pub id: ConnectionId,
    /// The provider.
    pub provider: ProviderName,
    /// The account's label, where known.
    pub account: Option<String>,
    /// What the person calls it.
    pub label: Option<String>,
    /// The client that it was granted to.
    pub client_id: ClientId,
    /// The token endpoint that gave it. A provider file that names another is another service: it never gets this grant's tokens.
    pub token_endpoint: String,
    /// The redirect URI of the sign-in. A connection from before it was kept has none.
    pub redirect_uri: Option<String>,
    /// What was asked for.
    pub asked: Scopes,
    /// What the person was asked for before the sign-in.
    pub config: Facts,
    /// What was granted, and the tokens.
    pub tokens: Tokens,
    /// The refresh token before this one, until this one has worked.
    pub previous: Option<Previous>,
    /// Where it stands.
    pub state: ConnectionState,
    /// The last attempt at its provider, where it failed.
    pub failure: Option<LastFailure>,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When its tokens were last refreshed.
    pub refreshed_at: Option<Timestamp>,
    /// Grows with every change of the tokens.
    pub generation: u64,
}

/// A refresh token that was replaced.
#[derive(Debug, Clone)]
pub struct Previous {
    /// The token.
    pub refresh_token: RefreshToken,
    /// When another took its place.
    pub replaced_at: Timestamp,
}

/// How the last attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFailure {
    /// What it means for the next one.
    pub failure: Failure,
    /// A stable word.
    pub code: String,
}

/// What must not have changed since it was read: compare and set, so that a loser never wipes what a winner saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Everything: the generation is still this one.
    Generation(u64),
    /// The refresh token is still this one. What else was learned of the connection meanwhile stays.
    RefreshToken(Fingerprint),
}

impl ConnectionRecord {
    /// What was asked for and not granted (RFC 6749 §3.3).
    #[must_use]
    pub fn missing_scopes(&self) -> Scopes {
        self.asked.missing_from(&self.tokens.scopes)
    }

    /// When its access token came.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.refreshed_at.unwrap_or(self.created_at)
    }

    fn is(&self, expected: Expected) -> bool {
        match expected {
            Expected::Generation(generation) => self.generation == generation,
            Expected::RefreshToken(spent) => {
                self.tokens.refresh_token.as_ref().is_some_and(|token| Fingerprint::of(token) == spent)
            }
        }
    }
}

impl Vault {
    /// All connections, oldest first. One whose row is damaged is reported beside the others, and hides none of them.
    ///
    /// # Errors
    /// [`VaultError`] when the table itself can't be read.
    pub async fn connections(&self) -> Result<Vec<Result<ConnectionRecord, VaultError>>, VaultError> {
        self.run(|database, sealer| {
            let mut statement =
                database.prepare_cached("SELECT * FROM connections ORDER BY created_at, id")?;
            let mut rows = statement.query([])?;
            let mut connections = Vec::new();
            while let Some(row) = rows.next()? {
                connections.push(row::read(row, sealer));
            }
            Ok(connections)
        })
        .await
    }

    /// One connection.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn connection(&self, id: &ConnectionId) -> Result<Option<ConnectionRecord>, VaultError> {
        let id = id.clone();
        self.run(move |database, sealer| one(database, sealer, &id)).await
    }

    /// The provider of a connection: readable also where its tokens are damaged.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn provider_of(&self, id: &ConnectionId) -> Result<Option<ProviderName>, VaultError> {
        let id = id.clone();
        self.run(move |database, _| provider(database, &id)).await
    }

    /// Keeps a new connection. Durable when this returns.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn add_connection(&self, record: &ConnectionRecord) -> Result<(), VaultError> {
        let record = record.clone();
        let change = Change::Connection(record.id.clone());
        self.write_and_tell(change, move |database, sealer| {
            let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            row::insert(&transaction, sealer, &record)?;
            let event = Event::Connected { account: record.account.clone() };
            audit::append(&transaction, sealer, &record.id, &record.provider, &event, record.created_at)?;
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Changes a connection that is still as expected, and gives it as it is then, one generation on. Durable when this returns.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when another was faster, or the connection is gone.
    pub async fn change_connection(
        &self,
        id: &ConnectionId,
        expected: Expected,
        (event, at): (Option<Event>, Timestamp),
        change: impl FnOnce(ConnectionRecord) -> ConnectionRecord + Send + 'static,
    ) -> Result<ConnectionRecord, VaultError> {
        let id = id.clone();
        self.write_and_tell(Change::Connection(id.clone()), move |database, sealer| {
            // From its first moment the only writer, in whichever process: what is read here is what is replaced.
            let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let kept = one(&transaction, sealer, &id)?.filter(|kept| kept.is(expected));
            let kept = kept.ok_or(VaultError::Changed)?;
            let generation = kept.generation + 1;
            let record = ConnectionRecord { generation, id, ..change(kept) };
            row::replace(&transaction, sealer, &record)?;
            if let Some(event) = &event {
                audit::append(&transaction, sealer, &record.id, &record.provider, event, at)?;
            }
            failpoint("K6");
            failpoint("K7");
            transaction.commit()?;
            failpoint("K8");
            Ok(record)
        })
        .await
    }

    /// Gives a connection the person's own name, or none. Its tokens, and so its generation, stay what they are.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when there is no such connection.
    pub async fn relabel_connection(
        &self,
        id: &ConnectionId,
        label: Option<Label>,
        at: Timestamp,
    ) -> Result<(), VaultError> {
        let id = id.clone();
        self.run_and_tell(Change::Connection(id.clone()), move |database, sealer| {
            let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let provider = provider(&transaction, &id)?.ok_or(VaultError::Changed)?;
            let label = label.as_ref().map(Label::as_str);
            transaction.execute("UPDATE connections SET label = ?2 WHERE id = ?1", (id.as_str(), label))?;
            audit::append(&transaction, sealer, &id, &provider, &Event::Relabelled, at)?;
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Notes that a connection's refresh token is about to be spent. What comes back must find a vault that takes it: one that is full or
    /// read-only fails here, before anything is lost. Durable when this returns.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when its tokens have changed since `generation`, or the connection is gone.
    pub async fn note_attempt(
        &self,
        id: &ConnectionId,
        generation: u64,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.update(id, generation, "tried_at = :at", (":at", moment(now).into())).await
    }

    /// Marks that a connection is to be revoked, unless its tokens have changed since `generation`.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when they have, or the connection is gone.
    pub async fn mark_to_be_revoked(&self, id: &ConnectionId, generation: u64) -> Result<(), VaultError> {
        let state = ConnectionState::RevocationPending.as_str();
        self.update(id, generation, "state = :state", (":state", state.to_owned().into())).await
    }

    async fn update(
        &self,
        id: &ConnectionId,
        generation: u64,
        what: &'static str,
        value: (&'static str, rusqlite::types::Value),
    ) -> Result<(), VaultError> {
        let id = id.clone();
        self.write_and_tell(Change::Connection(id.clone()), move |database, _| {
            let generation = i64::try_from(generation).map_err(|_| VaultError::Changed)?;
            let statement =
                format!("UPDATE connections SET {what} WHERE id = :id AND generation = :generation");
            let changed = database.prepare_cached(&statement)?.execute(&[
                (":id", &id.as_str() as &dyn rusqlite::ToSql),
                (":generation", &generation),
                (value.0, &value.1),
            ])?;
            if changed == 1 { Ok(()) } else { Err(VaultError::Changed) }
        })
        .await
    }

    /// Notes how an attempt failed, and logs it. The tokens stay as they are; a connection that has newer ones is left alone.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn note_failure(
        &self,
        record: &ConnectionRecord,
        failed: &LastFailure,
        event: Option<Event>,
    ) -> Result<(), VaultError> {
        let (id, provider, failed) = (record.id.clone(), record.provider.clone(), failed.clone());
        let generation = i64::try_from(record.generation).map_err(|_| VaultError::Changed)?;
        self.write_and_tell(Change::Connection(id.clone()), move |database, sealer| {
            let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let changed = row::note_failure(&transaction, &id, generation, &failed)?;
            if changed == 1
                && let Some(event) = event
            {
                audit::append(&transaction, sealer, &id, &provider, &event, failed.failure.at)?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Forgets a connection and its tokens. Servers that used it keep running without one.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn remove_connection(
        &self,
        id: &ConnectionId,
        (event, at): (Event, Timestamp),
    ) -> Result<(), VaultError> {
        let id = id.clone();
        self.write_and_tell(Change::Connection(id.clone()), move |database, sealer| {
            let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let provider = provider(&transaction, &id)?;
            transaction
                .execute("UPDATE servers SET connection = NULL WHERE connection = ?1", [id.as_str()])?;
            transaction.execute("DELETE FROM connections WHERE id = ?1", [id.as_str()])?;
            if let Some(provider) = provider {
                audit::append(&transaction, sealer, &id, &provider, &event, at)?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }
}

fn one(
    database: &Database,
    sealer: &Sealer,
    id: &ConnectionId,
) -> Result<Option<ConnectionRecord>, VaultError> {
    let mut statement = database.prepare_cached("SELECT * FROM connections WHERE id = ?1")?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(|row| row::read(row, sealer)).transpose()
}

fn provider(database: &Database, id: &ConnectionId) -> Result<Option<ProviderName>, VaultError> {
    let mut statement = database.prepare_cached("SELECT provider FROM connections WHERE id = ?1")?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(|row| parsed(row, "provider")).transpose()
}
