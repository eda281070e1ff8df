//! A connection's row: written and read.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use keyferry_core::{
    fact::Facts,
    flow::{Tokens, error::FailureClass},
    id::{ConnectionId, FactName},
    refresh::Failure,
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken, SecretText},
};
use rusqlite::{Connection as Database, Row, named_params};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    super::{
        VaultError,
        row::{moment, optional_moment, parsed, read_generation, read_moment},
        seal::{Place, Sealer},
    },
    ConnectionKind, ConnectionRecord, ConnectionState, LastFailure, Previous,
};

/// Every column.
const COLUMNS: [&str; 26] = [
    "id",
    "provider",
    "kind",
    "account",
    "label",
    "client_id",
    "token_endpoint",
    "redirect_uri",
    "scopes_asked",
    "scopes_granted",
    "expires_at",
    "state",
    "created_at",
    "refreshed_at",
    "generation",
    "access_token",
    "refresh_token",
    "id_token",
    "facts",
    "previous_refresh_token",
    "replaced_at",
    "failed_at",
    "failure_class",
    "failure_code",
    "failures",
    "retry_after",
];

/// Columns that stay as they were first written.
const FIXED: [&str; 3] = ["id", "provider", "created_at"];

/// Adds the row.
pub(super) fn insert(
    database: &Database,
    sealer: &Sealer,
    record: &ConnectionRecord,
) -> Result<(), VaultError> {
    write(database, sealer, record, &inserting())
}

/// Replaces the row in place, so that the servers' references to it hold.
pub(super) fn replace(
    database: &Database,
    sealer: &Sealer,
    record: &ConnectionRecord,
) -> Result<(), VaultError> {
    let changed = COLUMNS.iter().filter(|column| !FIXED.contains(column));
    let set: Vec<_> = changed.map(|column| format!("{column} = excluded.{column}")).collect();
    let statement = format!("{} ON CONFLICT (id) DO UPDATE SET {}", inserting(), set.join(", "));
    write(database, sealer, record, &statement)
}

fn inserting() -> String {
    let values: Vec<_> = COLUMNS.iter().map(|column| format!(":{column}")).collect();
    format!("INSERT INTO connections ({}) VALUES ({})", COLUMNS.join(", "), values.join(", "))
}

fn write(
    database: &Database,
    sealer: &Sealer,
    record: &ConnectionRecord,
    statement: &str,
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
    let previous = record
        .previous
        .as_ref()
        .map(|previous| seal("previous_refresh_token", previous.refresh_token.expose_secret()))
        .transpose()?;
    let failed = record.failure.as_ref();
    database.prepare_cached(statement)?.execute(named_params! {
        ":id": id,
        ":provider": record.provider.as_str(),
        ":kind": record.kind.as_str(),
        ":account": record.account,
        ":label": record.label,
        ":client_id": record.client_id.as_str(),
        ":token_endpoint": record.token_endpoint,
        ":redirect_uri": record.redirect_uri,
        ":scopes_asked": record.asked.to_string(),
        ":scopes_granted": tokens.scopes.to_string(),
        ":expires_at": tokens.expires_at.map(moment),
        ":state": record.state.as_str(),
        ":created_at": moment(record.created_at),
        ":refreshed_at": record.refreshed_at.map(moment),
        ":generation": i64::try_from(record.generation).map_err(|_| VaultError::Changed)?,
        ":access_token": seal("access_token", tokens.access_token.expose_secret())?,
        ":refresh_token": refresh,
        ":id_token": id_token,
        ":facts": seal("facts", &Kept::text(record))?,
        ":previous_refresh_token": previous,
        ":replaced_at": record.previous.as_ref().map(|previous| moment(previous.replaced_at)),
        ":failed_at": failed.map(|failed| moment(failed.failure.at)),
        ":failure_class": failed.map(|failed| failed.failure.class.as_str()),
        ":failure_code": failed.map(|failed| failed.code.as_str()),
        ":failures": failed.map_or(0, |failed| failed.failure.count),
        ":retry_after": failed.and_then(|failed| failed.failure.retry_after).map(|pause| pause.as_secs()),
    })?;
    Ok(())
}

/// Writes how the last attempt failed, and says how many rows have it.
pub(super) fn note_failure(
    database: &Database,
    id: &ConnectionId,
    generation: i64,
    failed: &LastFailure,
) -> Result<usize, VaultError> {
    let mut statement = database.prepare_cached(
        "UPDATE connections SET failed_at = :at, failure_class = :class, failure_code = :code, failures = :count,
         retry_after = :retry_after WHERE id = :id AND generation = :generation",
    )?;
    Ok(statement.execute(named_params! {
        ":id": id.as_str(),
        ":generation": generation,
        ":at": moment(failed.failure.at),
        ":class": failed.failure.class.as_str(),
        ":code": failed.code,
        ":count": failed.failure.count,
        ":retry_after": failed.failure.retry_after.map(|pause| pause.as_secs()),
    })?)
}

fn place<'p>(id: &'p str, column: &'static str, generation: u64) -> Place<'p> {
    Place { table: "connections", row: id, column, generation }
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

/// Reads a row and opens what is sealed in it.
pub(super) fn read(row: &Row<'_>, sealer: &Sealer) -> Result<ConnectionRecord, VaultError> {
    let id: ConnectionId = parsed(row, "id")?;
    let damaged = || VaultError::Damaged(format!("connections {id}"));
    let generation = read_generation(row)?;
    let open = |column: &'static str| -> Result<Option<String>, VaultError> {
        let sealed: Option<Vec<u8>> = row.get(column)?;
        let opened =
            sealed.map(|sealed| sealer.open(place(id.as_str(), column, generation), &sealed)).transpose()?;
        Ok(opened.map(|text| text.to_string()))
    };
    let refresh_token = |column| -> Result<Option<RefreshToken>, VaultError> {
        open(column)?.map(RefreshToken::new).transpose().map_err(|_| damaged())
    };
    // Rows from before there were facts have none.
    let kept: Option<Kept> =
        open("facts")?.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| damaged())?;
    let Kept { config, metadata } = kept.unwrap_or_default();
    let tokens = Tokens {
        metadata: facts(metadata),
        access_token: AccessToken::new(open("access_token")?.ok_or_else(damaged)?).map_err(|_| damaged())?,
        refresh_token: refresh_token("refresh_token")?,
        id_token: open("id_token")?.map(IdToken::new).transpose().map_err(|_| damaged())?,
        scopes: Scopes::from_reply(&row.get::<_, String>("scopes_granted")?),
        expires_at: optional_moment(row, "expires_at")?,
    };
    let previous = refresh_token("previous_refresh_token")?.zip(optional_moment(row, "replaced_at")?);
    Ok(ConnectionRecord {
        provider: parsed(row, "provider")?,
        kind: kind(row)?,
        account: row.get("account")?,
        label: row.get("label")?,
        client_id: parsed(row, "client_id")?,
        token_endpoint: row.get("token_endpoint")?,
        redirect_uri: row.get("redirect_uri")?,
        asked: Scopes::from_reply(&row.get::<_, String>("scopes_asked")?),
        config: facts(config),
        tokens,
        previous: previous.map(|(refresh_token, replaced_at)| Previous { refresh_token, replaced_at }),
        state: state(row)?,
        failure: failure(row)?
            .zip(row.get("failure_code")?)
            .map(|(failure, code)| LastFailure { failure, code }),
        created_at: read_moment(row, "created_at")?,
        refreshed_at: optional_moment(row, "refreshed_at")?,
        generation,
        id,
    })
}

fn kind(row: &Row<'_>) -> Result<ConnectionKind, VaultError> {
    let word: String = row.get("kind")?;
    ConnectionKind::from_word(&word).ok_or_else(|| VaultError::Damaged("kind".to_owned()))
}

/// The state of a row.
pub(super) fn state(row: &Row<'_>) -> Result<ConnectionState, VaultError> {
    let word: String = row.get("state")?;
    ConnectionState::from_word(&word).ok_or_else(|| VaultError::Damaged("state".to_owned()))
}

/// How the last attempt of a row failed.
pub(super) fn failure(row: &Row<'_>) -> Result<Option<Failure>, VaultError> {
    let Some(at) = optional_moment(row, "failed_at")? else { return Ok(None) };
    let class: Option<String> = row.get("failure_class")?;
    let retry_after: Option<i64> = row.get("retry_after")?;
    Ok(Some(Failure {
        at,
        class: class.and_then(|word| FailureClass::from_word(&word)).unwrap_or(FailureClass::Passing),
        count: row.get("failures")?,
        retry_after: retry_after.map(SignedDuration::from_secs),
    }))
}
