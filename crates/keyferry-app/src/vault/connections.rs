//! Connections as they are kept, each with its tokens sealed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keyferry_core::{
    fact::Facts,
    flow::Tokens,
    id::{ClientId, ConnectionId, FactName, ProviderName},
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken, SecretText},
};
use rusqlite::{Connection as Database, Row, named_params};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Vault, VaultError,
    row::{moment, optional_moment, parsed, read_generation, read_moment},
    seal::{Place, Sealer},
};

/// One person's grant at one provider, with its tokens.
#[derive(Debug, Clone)]
pub struct ConnectionRecord {
    /// Its id.
    pub id: ConnectionId,
    /// The provider.
    pub provider: ProviderName,
    /// The account's label, where known.
    pub account: Option<String>,
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
    /// Where it stands.
    pub state: ConnectionState,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When its tokens were last refreshed.
    pub refreshed_at: Option<Timestamp>,
    /// Grows with every change of the tokens.
    pub generation: u64,
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// It can be used.
    Active,
    /// The provider no longer honours it. Nothing is deleted.
    NeedsSignIn,
    /// The person ended it, and the provider has still to be told.
    RevocationPending,
}

impl ConnectionRecord {
    /// What was asked for and not granted (RFC 6749 §3.3).
    #[must_use]
    pub fn missing_scopes(&self) -> Scopes {
        self.asked.missing_from(&self.tokens.scopes)
    }
}

impl ConnectionState {
    /// The state as a stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NeedsSignIn => "needs_sign_in",
            Self::RevocationPending => "revocation_pending",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Active, Self::NeedsSignIn, Self::RevocationPending]
            .into_iter()
            .find(|state| state.as_str() == text)
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
                connections.push(read(row, sealer));
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
        self.run(move |database, sealer| {
            let mut statement = database.prepare_cached("SELECT * FROM connections WHERE id = ?1")?;
            let mut rows = statement.query([id.as_str()])?;
            rows.next()?.map(|row| read(row, sealer)).transpose()
        })
        .await
    }

    /// The provider of a connection: readable also where its tokens are damaged.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn provider_of(&self, id: &ConnectionId) -> Result<Option<ProviderName>, VaultError> {
        let id = id.clone();
        self.run(move |database, _| {
            let mut statement = database.prepare_cached("SELECT provider FROM connections WHERE id = ?1")?;
            let mut rows = statement.query([id.as_str()])?;
            rows.next()?.map(|row| parsed(row, "provider")).transpose()
        })
        .await
    }

    /// Keeps a new connection. Durable when this returns.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn add_connection(&self, record: &ConnectionRecord) -> Result<(), VaultError> {
        let record = record.clone();
        self.run(move |database, sealer| write(database, sealer, &record, "INSERT")).await
    }

    /// Replaces a connection that is still at the generation before this record's: compare and set, so that a loser never wipes what a
    /// winner saved. Durable when this returns.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when another was faster, or the connection is gone.
    pub async fn replace_connection(&self, record: &ConnectionRecord) -> Result<(), VaultError> {
        let record = record.clone();
        self.run(move |database, sealer| {
            let transaction = database.transaction()?;
            let mut statement =
                transaction.prepare_cached("SELECT generation FROM connections WHERE id = ?1")?;
            let mut rows = statement.query([record.id.as_str()])?;
            let kept: Option<i64> = rows.next()?.map(|row| row.get(0)).transpose()?;
            drop(rows);
            drop(statement);
            if kept.and_then(|kept| u64::try_from(kept).ok()).map(|kept| kept + 1) != Some(record.generation)
            {
                return Err(VaultError::Changed);
            }
            write(&transaction, sealer, &record, "REPLACE")?;
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
        let id = id.clone();
        self.run(move |database, _| {
            let generation = i64::try_from(generation).map_err(|_| VaultError::Changed)?;
            let changed = database.execute(
                "UPDATE connections SET tried_at = ?3 WHERE id = ?1 AND generation = ?2",
                (id.as_str(), generation, moment(now)),
            )?;
            if changed == 1 { Ok(()) } else { Err(VaultError::Changed) }
        })
        .await
    }

    /// Marks where a connection stands, unless its tokens have changed since `generation`.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when they have, or the connection is gone.
    pub async fn mark_connection(
        &self,
        id: &ConnectionId,
        generation: u64,
        state: ConnectionState,
    ) -> Result<(), VaultError> {
        let id = id.clone();
        self.run(move |database, _| {
            let generation = i64::try_from(generation).map_err(|_| VaultError::Changed)?;
            let changed = database.execute(
                "UPDATE connections SET state = ?3 WHERE id = ?1 AND generation = ?2",
                (id.as_str(), generation, state.as_str()),
            )?;
            if changed == 1 { Ok(()) } else { Err(VaultError::Changed) }
        })
        .await
    }

    /// Forgets a connection and its tokens. Servers that used it keep running without one.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn remove_connection(&self, id: &ConnectionId) -> Result<(), VaultError> {
        let id = id.clone();
        self.run(move |database, _| {
            let transaction = database.transaction()?;
            transaction
                .execute("UPDATE servers SET connection = NULL WHERE connection = ?1", [id.as_str()])?;
            transaction.execute("DELETE FROM connections WHERE id = ?1", [id.as_str()])?;
            Ok(transaction.commit()?)
        })
        .await
    }
}

fn place<'p>(id: &'p str, column: &'static str, generation: u64) -> Place<'p> {
    Place { table: "connections", row: id, column, generation }
}

fn write(
    database: &Database,
    sealer: &Sealer,
    record: &ConnectionRecord,
    how: &str,
) -> Result<(), VaultError> {
    let id = record.id.as_str();
    let seal = |column, secret: &str| sealer.seal(place(id, column, record.generation), secret);
    let tokens = &record.tokens;
    let refresh = tokens
        .refresh_token
        .as_ref()
        .map(|token| seal("refresh_token", token.expose_secret()))
        .transpose()?;
    let id_token =
        tokens.id_token.as_ref().map(|token| seal("id_token", token.expose_secret())).transpose()?;
    // An upsert keeps the row, so that the servers' references to it hold.
    let conflict = if how == "REPLACE" {
        "ON CONFLICT (id) DO UPDATE SET account = excluded.account, client_id = excluded.client_id,
         token_endpoint = excluded.token_endpoint, redirect_uri = excluded.redirect_uri, scopes_asked = excluded.scopes_asked, scopes_granted = excluded.scopes_granted,
         expires_at = excluded.expires_at, state = excluded.state, refreshed_at = excluded.refreshed_at,
         generation = excluded.generation, access_token = excluded.access_token, refresh_token = excluded.refresh_token,
         id_token = excluded.id_token, facts = excluded.facts"
    } else {
        ""
    };
    let statement = format!(
        "INSERT INTO connections (id, provider, account, client_id, token_endpoint, redirect_uri, scopes_asked, scopes_granted, expires_at, state,
         created_at, refreshed_at, generation, access_token, refresh_token, id_token, facts)
         VALUES (:id, :provider, :account, :client_id, :token_endpoint, :redirect_uri, :asked, :granted, :expires_at, :state,
         :created_at, :refreshed_at, :generation, :access_token, :refresh_token, :id_token, :facts) {conflict}"
    );
    database.prepare_cached(&statement)?.execute(named_params! {
        ":id": id,
        ":provider": record.provider.as_str(),
        ":account": record.account,
        ":client_id": record.client_id.as_str(),
        ":token_endpoint": record.token_endpoint,
        ":redirect_uri": record.redirect_uri,
        ":asked": record.asked.to_string(),
        ":granted": tokens.scopes.to_string(),
        ":expires_at": tokens.expires_at.map(moment),
        ":state": record.state.as_str(),
        ":created_at": moment(record.created_at),
        ":refreshed_at": record.refreshed_at.map(moment),
        ":generation": i64::try_from(record.generation).map_err(|_| VaultError::Changed)?,
        ":access_token": seal("access_token", tokens.access_token.expose_secret())?,
        ":refresh_token": refresh,
        ":id_token": id_token,
        ":facts": seal("facts", &Kept::text(record))?,
    })?;
    Ok(())
}

/// The facts of a connection as they are sealed.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    config: BTreeMap<FactName, String>,
    metadata: BTreeMap<FactName, String>,
}

impl Kept {
    fn text(record: &ConnectionRecord) -> Zeroizing<String> {
        let pair = |(name, text): (&FactName, &SecretText)| (name.clone(), text.expose_secret().to_owned());
        let kept = Self {
            config: record.config.iter().map(pair).collect(),
            metadata: record.tokens.metadata.iter().map(pair).collect(),
        };
        // A map of texts is always JSON.
        Zeroizing::new(serde_json::to_string(&kept).unwrap_or_default())
    }
}

fn facts(kept: BTreeMap<FactName, String>) -> Facts {
    kept.into_iter().filter_map(|(name, text)| Some((name, SecretText::new(text).ok()?))).collect()
}

fn read(row: &Row<'_>, sealer: &Sealer) -> Result<ConnectionRecord, VaultError> {
    let id: ConnectionId = parsed(row, "id")?;
    let damaged = || VaultError::Damaged(format!("connections {id}"));
    let generation = read_generation(row)?;
    let open = |column: &'static str| -> Result<Option<String>, VaultError> {
        let sealed: Option<Vec<u8>> = row.get(column)?;
        let opened =
            sealed.map(|sealed| sealer.open(place(id.as_str(), column, generation), &sealed)).transpose()?;
        Ok(opened.map(|text| text.to_string()))
    };
    // Rows from before there were facts have none.
    let kept: Option<Kept> =
        open("facts")?.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| damaged())?;
    let Kept { config, metadata } = kept.unwrap_or_default();
    let tokens = Tokens {
        metadata: facts(metadata),
        access_token: AccessToken::new(open("access_token")?.ok_or_else(damaged)?).map_err(|_| damaged())?,
        refresh_token: open("refresh_token")?.map(RefreshToken::new).transpose().map_err(|_| damaged())?,
        id_token: open("id_token")?.map(IdToken::new).transpose().map_err(|_| damaged())?,
        scopes: Scopes::from_reply(&row.get::<_, String>("scopes_granted")?),
        expires_at: optional_moment(row, "expires_at")?,
    };
    let state: String = row.get("state")?;
    Ok(ConnectionRecord {
        provider: parsed(row, "provider")?,
        account: row.get("account")?,
        client_id: parsed(row, "client_id")?,
        token_endpoint: row.get("token_endpoint")?,
        redirect_uri: row.get("redirect_uri")?,
        asked: Scopes::from_reply(&row.get::<_, String>("scopes_asked")?),
        config: facts(config),
        tokens,
        state: ConnectionState::read(&state).ok_or_else(damaged)?,
        created_at: read_moment(row, "created_at")?,
        refreshed_at: optional_moment(row, "refreshed_at")?,
        generation,
        id,
    })
}
