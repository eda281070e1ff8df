//! `GET /api/v1/status`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;

/// What the app is, where it lives and how much it looks after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Keyferry's own version.
    pub version: String,
    /// The process that runs the app.
    pub pid: u32,
    /// The loopback address the app listens on, with the port really bound.
    pub address: String,
    /// The data folder.
    pub data_folder: String,
    /// When the app started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// Where the app looks for the proxy.
    pub proxy_url: String,
    /// How the vault's master key is kept, in words.
    pub vault_key: String,
    /// Installed servers.
    pub servers_installed: usize,
    /// Servers that run right now.
    pub servers_running: usize,
    /// Connections in the vault.
    pub connections: usize,
    /// Provider files that loaded.
    pub providers: usize,
    /// Manifests in the catalog.
    pub catalog_entries: usize,
    /// What is wrong and stops nothing, such as a broken provider file.
    pub problems: Vec<Problem>,
}
