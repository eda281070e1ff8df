//! `GET /api/v1/events`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A thing that has changed. What it is now the API says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// What kind of thing; also the name of the event in the stream.
    pub kind: EventKind,
    /// Which one: a server's name, or the id of a connection, an install or a sign-in. Absent where there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The kinds of things that change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An installed server: its state, whether it is to run, or whether it is there.
    Server,
    /// A connection: its tokens, its state, its name, or whether it is there.
    Connection,
    /// An install under way.
    Install,
    /// A sign-in under way.
    SignIn,
    /// The manifests, or what their sources say.
    Catalog,
    /// The providers.
    Providers,
    /// The MCP clients that are connected.
    Clients,
    /// The settings.
    Settings,
}

impl EventKind {
    /// The name of the event in the stream.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Connection => "connection",
            Self::Install => "install",
            Self::SignIn => "sign_in",
            Self::Catalog => "catalog",
            Self::Providers => "providers",
            Self::Clients => "clients",
            Self::Settings => "settings",
        }
    }
}
