//! `GET /api/v1/diagnostics`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CatalogSource, ConnectionFailure, Problem, ProxyTest, SettingState};

/// What whoever helps needs to know, and nothing that is secret: no token, no value of a server's setting, no name of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnostics {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// Keyferry's version.
    pub version: String,
    /// The system and the processor's kind.
    pub system: String,
    /// When the app started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// Where the vault's master key is.
    pub vault_key: String,
    /// Every setting. Of a URL nothing behind its path.
    pub settings: Vec<SettingState>,
    /// The settings file, where it can't be used as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_problem: Option<Problem>,
    /// The container engine.
    pub engine: EngineFacts,
    /// The proxy.
    pub proxy: ProxyTest,
    /// Every server.
    pub servers: Vec<ServerFacts>,
    /// Every connection.
    pub connections: Vec<ConnectionFacts>,
    /// The sources of manifests.
    pub sources: Vec<CatalogSource>,
    /// What is wrong with provider files, servers and connections.
    pub problems: Vec<Problem>,
}

/// The container engine of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EngineFacts {
    /// `Podman` or `Docker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it runs as the person, not as root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rootless: Option<bool>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A server, without its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerFacts {
    /// Its name.
    pub name: String,
    /// Its manifest's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it does.
    pub state: String,
    /// What runs it.
    pub runtime: String,
    /// Whether it is to run.
    pub wanted: bool,
    /// How many times it was started again.
    pub restarts: u32,
    /// How many tools it offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_count: Option<usize>,
    /// Why it does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// The end of its log, with whatever looks like a secret masked.
    pub log: Vec<String>,
}

/// A connection, without its account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionFacts {
    /// Its id.
    pub id: String,
    /// Its provider.
    pub provider: String,
    /// Where it stands.
    pub state: String,
    /// How it does.
    pub health: String,
    /// The last attempt at its provider, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ConnectionFailure>,
    /// When it was last refreshed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub refreshed_at: Option<Timestamp>,
    /// When its access token ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When something is done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// Whether a refresh token is held.
    pub refreshable: bool,
    /// What was not granted.
    pub missing_scopes: Vec<String>,
    /// The servers that use it.
    pub servers: Vec<String>,
}
