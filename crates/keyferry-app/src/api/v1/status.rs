//! `/api/v1/status`

use axum::{Json, extract::State};

use crate::{
    api::{ApiError, Shared, dto::Status},
    runtime::ServerState,
};

/// `GET`: what the app is and looks after.
#[utoipa::path(
    get, path = "/api/v1/status", operation_id = "status_show", tag = "app",
    responses((status = 200, description = "Done", body = Status))
)]
pub(crate) async fn show(State(engine): Shared) -> Result<Json<Status>, ApiError> {
    let statuses = engine.servers.statuses();
    let providers = engine.providers.now();
    let catalog = engine.catalog.now();
    let problems = [providers.problems(), catalog.problems()].concat();
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        address: engine.address.to_string(),
        data_folder: engine.folder.path().display().to_string(),
        started_at: engine.started_at,
        proxy_url: engine.settings.proxy_url.to_string(),
        vault_key: engine.vault.key_description().to_owned(),
        servers_installed: engine.vault.server_heads().await?.len(),
        servers_running: statuses.values().filter(|status| status.state == ServerState::Running).count(),
        connections: engine.connections.list().await?.readable.len(),
        providers: providers.set().iter().count(),
        catalog_entries: catalog.iter().count(),
        problems,
    }))
}
