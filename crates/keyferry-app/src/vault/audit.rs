//! What happened to each connection: a log that is only added to, each line with the hash of the line before.
//!
//! The newest line's number and hash are sealed under the vault's key. Whoever changes, takes out or cuts off lines with nothing but the
//! file in hand does not get past [`Vault::verify_audit`]; an older copy of the whole file, which fits itself, does.

use jiff::Timestamp;
use keyferry_core::id::{ConnectionId, ProviderName, ServerName};
use rusqlite::{Connection as Database, OptionalExtension as _, Row, named_params};
use sha2::{Digest as _, Sha256};

use super::{
    Vault, VaultError,
    row::{moment, parsed, read_moment},
    seal::{Place, Sealer},
};

/// What happened. Never a secret, and nothing that a provider wrote but the account's own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The person signed in.
    Connected {
        /// The account, where known.
        account: Option<String>,
    },
    /// The person signed in anew, and the new grant took the place of the old.
    ConnectedAgain,
    /// Its tokens were refreshed.
    Refreshed,
    /// A reply that a crash had cut off from the vault was found and saved.
    Recovered,
    /// An attempt failed and says nothing against the grant.
    RefreshFailed {
        /// Why, as a stable word.
        code: String,
    },
    /// The provider no longer honours it.
    SignInNeeded {
        /// Why, as a stable word.
        code: String,
    },
    /// Its access token was given to a server.
    Delivered {
        /// The server.
        server: ServerName,
    },
    /// The person gave it another name.
    Relabelled,
    /// It is to be revoked, and the provider could not be told yet.
    RevocationPending {
        /// Why, as a stable word.
        code: String,
    },
    /// Its tokens are gone here.
    Revoked {
        /// What became of the grant at the provider, as a stable word.
        outcome: &'static str,
    },
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its number, from 1 on, without gaps.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// The connection.
    pub connection: ConnectionId,
    /// Its provider.
    pub provider: ProviderName,
    /// What happened, as a stable word.
    pub event: String,
    /// With what, or why.
    pub detail: Option<String>,
}

/// What a look through the whole log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditState {
    /// Every line is as it was written.
    Whole {
        /// How many.
        lines: i64,
    },
    /// From this line on the log is not what was written.
    Broken {
        /// The number of the first line that does not fit.
        line: i64,
    },
}

impl Event {
    const fn word(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::ConnectedAgain => "connected_again",
            Self::Refreshed => "refreshed",
            Self::Recovered => "recovered",
            Self::RefreshFailed { .. } => "refresh_failed",
            Self::SignInNeeded { .. } => "sign_in_needed",
            Self::Delivered { .. } => "delivered",
            Self::Relabelled => "relabelled",
            Self::RevocationPending { .. } => "revocation_pending",
            Self::Revoked { .. } => "revoked",
        }
    }

    fn detail(&self) -> Option<&str> {
        match self {
            Self::Connected { account } => account.as_deref(),
            Self::RefreshFailed { code } | Self::SignInNeeded { code } | Self::RevocationPending { code } => {
                Some(code)
            }
            Self::Delivered { server } => Some(server.as_str()),
            Self::Revoked { outcome } => Some(outcome),
            Self::ConnectedAgain | Self::Refreshed | Self::Recovered | Self::Relabelled => None,
        }
    }
}

impl Vault {
    /// Adds a line for something that changed nothing in the vault.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn note(
        &self,
        connection: &ConnectionId,
        provider: &ProviderName,
        event: Event,
        at: Timestamp,
    ) -> Result<(), VaultError> {
        let (connection, provider) = (connection.clone(), provider.clone());
        self.run(move |database, sealer| {
            let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            append(&transaction, sealer, &connection, &provider, &event, at)?;
            Ok(transaction.commit()?)
        })
        .await
    }

    /// The newest lines of a connection, which may be gone by now, oldest first.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn history(&self, connection: &ConnectionId, most: u32) -> Result<Vec<AuditLine>, VaultError> {
        let connection = connection.clone();
        self.run(move |database, _| {
            let mut statement = database.prepare_cached(
                "SELECT * FROM (SELECT * FROM audit WHERE connection = ?1 ORDER BY number DESC LIMIT ?2) ORDER BY number",
            )?;
            let mut rows = statement.query((connection.as_str(), most))?;
            let mut lines = Vec::new();
            while let Some(row) = rows.next()? {
                lines.push(line(row)?);
            }
            Ok(lines)
        })
        .await
    }

    /// Looks through the whole log.
    ///
    /// # Errors
    /// [`VaultError`] when it can't be read at all.
    pub async fn verify_audit(&self) -> Result<AuditState, VaultError> {
        self.run(|database, sealer| {
            // One moment of the log, however much is added meanwhile.
            let transaction = database.transaction()?;
            verify(&transaction, sealer)
        })
        .await
    }
}

/// Adds a line, within the transaction of what it tells of: neither is there without the other.
pub(super) fn append(
    transaction: &Database,
    sealer: &Sealer,
    connection: &ConnectionId,
    provider: &ProviderName,
    event: &Event,
    at: Timestamp,
) -> Result<(), VaultError> {
    let newest: Option<(i64, Vec<u8>)> = transaction
        .prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (before, hash_before) = newest.unwrap_or_default();
    let line = AuditLine {
        number: before + 1,
        at,
        connection: connection.clone(),
        provider: provider.clone(),
        event: event.word().to_owned(),
        detail: event.detail().map(str::to_owned),
    };
    let hash = line.hash(&hash_before);
    transaction
        .prepare_cached(
            "INSERT INTO audit (number, at, connection, provider, event, detail, hash)
             VALUES (:number, :at, :connection, :provider, :event, :detail, :hash)",
        )?
        .execute(named_params! {
            ":number": line.number,
            ":at": moment(line.at),
            ":connection": line.connection.as_str(),
            ":provider": line.provider.as_str(),
            ":event": line.event,
            ":detail": line.detail,
            ":hash": hash,
        })?;
    let head = sealer.seal(head(line.number), &hex(&hash))?;
    transaction
        .prepare_cached(
            "INSERT INTO audit_head (one, number, hash) VALUES (1, ?1, ?2)
             ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash",
        )?
        .execute((line.number, head))?;
    Ok(())
}

fn verify(database: &Database, sealer: &Sealer) -> Result<AuditState, VaultError> {
    let mut statement = database.prepare("SELECT * FROM audit ORDER BY number")?;
    let mut rows = statement.query([])?;
    let (mut number, mut before) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        number += 1;
        let kept: Vec<u8> = row.get("hash")?;
        let fits = line(row).is_ok_and(|line| line.number == number && line.hash(&before).as_slice() == kept);
        if !fits {
            return Ok(AuditState::Broken { line: number });
        }
        before = kept;
    }
    let sealed: Option<(i64, Vec<u8>)> = database
        .query_row("SELECT number, hash FROM audit_head", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let fits = match sealed {
        None => number == 0,
        Some((newest, sealed)) => {
            newest == number && sealer.open(head(newest), &sealed).is_ok_and(|hash| *hash == hex(&before))
        }
    };
    Ok(if fits { AuditState::Whole { lines: number } } else { AuditState::Broken { line: number + 1 } })
}

/// Where the newest hash is sealed: with its number, so that an older one does not open.
fn head(number: i64) -> Place<'static> {
    Place { table: "audit_head", row: "1", column: "hash", generation: number.cast_unsigned() }
}

fn line(row: &Row<'_>) -> Result<AuditLine, VaultError> {
    Ok(AuditLine {
        number: row.get("number")?,
        at: read_moment(row, "at")?,
        connection: parsed(row, "connection")?,
        provider: parsed(row, "provider")?,
        event: row.get("event")?,
        detail: row.get("detail")?,
    })
}

impl AuditLine {
    /// Each part with its length before it, so that no two lines read the same.
    fn hash(&self, before: &[u8]) -> [u8; 32] {
        let (number, at) = (self.number.to_le_bytes(), moment(self.at).to_le_bytes());
        let parts: [&[u8]; 7] = [
            before,
            &number,
            &at,
            self.connection.as_str().as_bytes(),
            self.provider.as_str().as_bytes(),
            self.event.as_bytes(),
            self.detail.as_deref().unwrap_or_default().as_bytes(),
        ];
        let digest = parts.iter().fold(Sha256::new().chain_update("keyferry audit"), |digest, part| {
            digest.chain_update((part.len() as u64).to_le_bytes()).chain_update(part)
        });
        digest.finalize().into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
