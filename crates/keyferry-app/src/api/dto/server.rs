//! `/api/v1/servers` and below.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Problem, RevocationReport};

/// Every installed server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServerList {
    /// Sorted by name.
    pub servers: Vec<Server>,
    /// Servers that are installed and can't be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// One installed server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    /// Its name, which is its manifest's.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// The manifest's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it does right now.
    pub state: ServerState,
    /// Whether the app keeps it running (`true`) or the person stopped it.
    pub wanted: bool,
    /// What runs it: `process` or `container`.
    pub runtime: String,
    /// What of the network its container reaches: `none`, `internet` or `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The container, while it runs in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The process, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// How many tools it offered when it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_count: Option<usize>,
    /// Since when it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub running_since: Option<Timestamp>,
    /// How many times it was started again since the app began.
    pub restarts: u32,
    /// When it was installed.
    #[schema(value_type = String, format = DateTime)]
    pub installed_at: Timestamp,
    /// The connection it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ServerConnection>,
    /// Why it does not run although it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What a server does right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// It does not run, and is not meant to.
    Stopped,
    /// It is being started.
    Starting,
    /// It runs and has been initialised.
    Running,
    /// It ended by itself or did not start.
    Failed,
}

/// The connection a server uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerConnection {
    /// Its id.
    pub id: String,
    /// Its provider.
    pub provider: String,
    /// The account's label, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Since when its access token is the one it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub token_since: Option<Timestamp>,
    /// When its access token ends, where the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub token_until: Option<Timestamp>,
}

/// The end of a server's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerLogs {
    /// The server.
    pub server: String,
    /// Oldest first.
    pub lines: Vec<String>,
    /// Where they end: given as `after`, it gets the lines that came since.
    pub cursor: String,
}

/// The tools a running server offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToolList {
    /// In the server's order.
    pub tools: Vec<Tool>,
}

/// One tool, as the server describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
}

/// What an uninstall did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UninstallReport {
    /// The server that is gone.
    pub server: String,
    /// Whether it had to be stopped first.
    pub was_running: bool,
    /// What became of its connection; absent when it used none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<RevocationReport>,
}
