//! `/api/v1/connections` and below.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;

/// Every connection in the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionList {
    /// Oldest first.
    pub connections: Vec<Connection>,
    /// Connections that are there and can't be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// One person's grant at one provider. Never its tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connection {
    /// Its id.
    pub id: String,
    /// The provider's name.
    pub provider: String,
    /// The provider's name for people.
    pub provider_display_name: String,
    /// The account's label, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What the person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A stable word for where it stands: `active`, `needs_sign_in`, `revocation_pending` …
    pub state: String,
    /// How it does: `good`, `due`, `failing`, `resting`, `unsaved`, `needs_sign_in` or `revocation_pending`.
    pub health: String,
    /// When something is done about it by itself, at the soonest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// The last attempt at its provider, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ConnectionFailure>,
    /// What the provider granted, which may be less than was asked.
    pub scopes: Vec<String>,
    /// What its provider file and its servers need, or what was asked, and what was not granted: calls that need it will fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_scopes: Vec<String>,
    /// When the person signed in.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its tokens were last refreshed, or the person last signed in again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub refreshed_at: Option<Timestamp>,
    /// When the access token ends; absent when the provider never said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whether a refresh token is held.
    pub refreshable: bool,
    /// The servers that use it.
    pub servers: Vec<String>,
}

/// How the last attempt at a connection's provider failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionFailure {
    /// A stable word for why.
    pub code: String,
    /// What it says of the grant: `definite` (it is dead), `operator` (whoever runs the proxy has to act) or `passing`.
    pub class: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How many in a row.
    pub count: u32,
}

/// What to change of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    /// What the person calls it; `null` takes the name away.
    pub label: Option<String>,
}

/// What happened to a connection, which may be gone by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionHistory {
    /// Its id.
    pub connection: String,
    /// Its provider's name.
    pub provider: String,
    /// Oldest first; of a long history the newest.
    pub events: Vec<ConnectionEvent>,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionEvent {
    /// Its number in the whole log.
    pub number: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// A stable word: `connected`, `refreshed`, `delivered`, `refresh_failed`, `revoked` …
    pub event: String,
    /// With what, or why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a look through the whole audit log found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditReport {
    /// Whether every line is as it was written.
    pub whole: bool,
    /// How many lines are, from the first on.
    pub lines: i64,
}

/// What became of a connection that was to be revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationReport {
    /// The connection.
    pub connection: String,
    /// Its provider.
    pub provider: String,
    /// What happened.
    pub result: RevocationResult,
    /// The same in a sentence, with what is left to do.
    pub text: String,
}

/// What happened to a grant at its provider (RFC 7009).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevocationResult {
    /// The provider confirmed it.
    Revoked,
    /// The provider has no revocation endpoint: the tokens are gone here, and live there until they expire.
    NotSupported,
    /// The provider could not be reached or refused: the tokens are unusable here, and it is still to be done there.
    Pending,
    /// The tokens could not be read here and are gone; the provider was not told.
    Unreadable,
    /// Not tried, for another server uses the connection.
    InUse,
}
