//! `/api/v1/clients`

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use keyferry_core::id::ServerName;

use crate::{
    api::{
        ApiError, Shared,
        dto::{Client, ClientList, ClientPreview, ConnectReport, ConnectRequest, DisconnectReport, Problem},
        extract::{Body, Named, Parameters},
    },
    clients::{ClientError, ClientName, Clients},
    engine::Engine,
    events::Change,
};

/// `GET`: every client.
#[utoipa::path(
    get, path = "/api/v1/clients", operation_id = "clients_list", tag = "clients",
    responses((status = 200, description = "Done", body = ClientList))
)]
pub(crate) async fn list(State(engine): Shared) -> Result<Json<ClientList>, ApiError> {
    let clients = aside(&engine, |clients| Ok(clients.list())).await?;
    let shown = |one: crate::clients::Standing| Client {
        name: one.name.to_string(),
        display_name: one.name.title().to_owned(),
        path: one.path,
        installed: one.installed,
        connected: one.connected,
    };
    Ok(Json(ClientList { clients: clients.into_iter().map(shown).collect() }))
}

/// `GET /{name}?server=NAME`: what its configuration would say.
#[utoipa::path(
    get, path = "/api/v1/clients/{name}", operation_id = "clients_preview", tag = "clients",
    params(
        ("name" = String, Path, description = "The name of a client", example = "cursor"),
        ConnectRequest,
    ),
    responses((status = 200, description = "Done", body = ClientPreview))
)]
pub(crate) async fn preview(
    State(engine): Shared,
    Named(name): Named<ClientName>,
    Parameters(request): Parameters<ConnectRequest>,
) -> Result<Json<ClientPreview>, ApiError> {
    let server = server(&engine, request).await?;
    let (path, text) = aside(&engine, move |clients| clients.preview(name, server.as_ref())).await?;
    Ok(Json(ClientPreview { path, text }))
}

/// `PUT /{name}`: connects it.
#[utoipa::path(
    put, path = "/api/v1/clients/{name}", operation_id = "clients_connect", tag = "clients",
    params(("name" = String, Path, description = "The name of a client", example = "cursor")),
    request_body = ConnectRequest,
    responses((status = 200, description = "Done", body = ConnectReport))
)]
pub(crate) async fn connect(
    State(engine): Shared,
    Named(name): Named<ClientName>,
    Body(request): Body<ConnectRequest>,
) -> Result<Json<ConnectReport>, ApiError> {
    let server = server(&engine, request).await?;
    let connected = aside(&engine, move |clients| clients.connect(name, server.as_ref())).await?;
    engine.events.tell(Change::Clients);
    Ok(Json(ConnectReport {
        client: name.to_string(),
        display_name: name.title().to_owned(),
        path: connected.path,
        backup: connected.backup,
        changed: connected.changed,
    }))
}

/// `DELETE /{name}`: takes its token and its entry away.
#[utoipa::path(
    delete, path = "/api/v1/clients/{name}", operation_id = "clients_disconnect", tag = "clients",
    params(("name" = String, Path, description = "The name of a client", example = "cursor")),
    responses((status = 200, description = "Done", body = DisconnectReport))
)]
pub(crate) async fn disconnect(
    State(engine): Shared,
    Named(name): Named<ClientName>,
) -> Result<Json<DisconnectReport>, ApiError> {
    let undone = aside(&engine, move |clients| clients.disconnect(name)).await?;
    engine.events.tell(Change::Clients);
    Ok(Json(DisconnectReport {
        client: name.to_string(),
        display_name: name.title().to_owned(),
        path: undone.path,
        was_connected: undone.was_connected,
        restored: undone.restored,
    }))
}

/// The one server that is asked for, which must be installed.
async fn server(engine: &Engine, request: ConnectRequest) -> Result<Option<ServerName>, ApiError> {
    let Some(name) = request.server else { return Ok(None) };
    let name = name.parse::<ServerName>().map_err(ApiError::bad_name)?;
    engine.head(&name).await?;
    Ok(Some(name))
}

/// Files are read and written on a thread of their own.
async fn aside<T: Send + 'static>(
    engine: &Engine,
    work: impl FnOnce(&Clients) -> Result<T, ClientError> + Send + 'static,
) -> Result<T, ApiError> {
    let clients = Arc::clone(&engine.clients);
    let done = tokio::task::spawn_blocking(move || work(&clients)).await;
    Ok(done.map_err(|error| ApiError::internal(&error))??)
}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        let status = match error {
            ClientError::Unknown(_) => StatusCode::NOT_FOUND,
            ClientError::File { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, Problem::new(error.code(), error.to_string()).with_hint(error.hint()))
    }
}
