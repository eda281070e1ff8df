//! `/api/v1/clients` and below.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Every MCP client that Keyferry can set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientList {
    /// In the order of the help.
    pub clients: Vec<Client>,
}

/// An MCP client as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Its configuration, where this machine has a place for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub path: Option<PathBuf>,
    /// Whether it seems to be installed.
    pub installed: bool,
    /// Whether it has a token for the gateway.
    pub connected: bool,
}

/// What a client's configuration would say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientPreview {
    /// The file.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// What is written into it: a file of its own, or a part to be put into the one that is there.
    pub text: String,
}

/// How to connect a client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConnectRequest {
    /// The one server that it gets; all of them without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

/// What connecting a client came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectReport {
    /// The client.
    pub client: String,
    /// Its name for people.
    pub display_name: String,
    /// Its configuration.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// The configuration as it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub backup: Option<PathBuf>,
    /// Whether the file changed; it had the entry already otherwise.
    pub changed: bool,
}

/// What disconnecting a client came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DisconnectReport {
    /// The client.
    pub client: String,
    /// Its name for people.
    pub display_name: String,
    /// Its configuration.
    #[schema(value_type = String)]
    pub path: PathBuf,
    /// Whether it had an entry or a token.
    pub was_connected: bool,
    /// Whether the file is byte for byte what it was before; else only the entry was taken out.
    pub restored: bool,
}
