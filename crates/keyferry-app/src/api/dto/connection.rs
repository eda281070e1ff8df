//! `/api/v1/connections` and below.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Problem;

/// Every connection in the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionList {
    /// Oldest first.
    pub connections: Vec<Connection>,
    /// Connections that are there and can't be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// One person's grant at one provider. Never its tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// A stable word for where it stands: `active`, `needs_sign_in`, `revocation_pending` …
    pub state: String,
    /// What the provider granted, which may be less than was asked.
    pub scopes: Vec<String>,
    /// What was asked and not granted: calls that need it will fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_scopes: Vec<String>,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When the access token ends; absent when the provider never said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether a refresh token is held.
    pub refreshable: bool,
    /// The servers that use it.
    pub servers: Vec<String>,
}

/// What became of a connection that was to be revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
