//! `/api/v1/connections`

use axum::{Json, extract::State};
use keyferry_core::{
    id::{ConnectionId, ServerName},
    label::Label,
    scope::{Scope, Scopes},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::servers::Nothing;
use crate::{
    api::{
        ApiError, Shared,
        dto::{
            Connection, ConnectionChange, ConnectionEvent, ConnectionFailure, ConnectionHistory,
            ConnectionList, Problem, RevocationReport,
        },
        extract::{Body, Named, Parameters},
    },
    connections::Listed,
    engine::Engine,
    install::{self, Use, Uses},
    vault::{AuditLine, ConnectionRecord},
};

/// The most lines of a history at once.
const LONGEST_HISTORY: u32 = 10_000;

/// How much of a history to tell.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Length {
    /// The newest lines.
    #[serde(default = "usual_length")]
    lines: u32,
}

const fn usual_length() -> u32 {
    100
}

/// `GET`: every connection.
#[utoipa::path(
    get, path = "/api/v1/connections", operation_id = "connections_list", tag = "connections",
    responses((status = 200, description = "Done", body = ConnectionList))
)]
pub(crate) async fn list(State(engine): Shared) -> Result<Json<ConnectionList>, ApiError> {
    let Listed { readable, damaged } = engine.connections.list().await?;
    let uses = Uses::read(&engine).await?;
    let connections = readable.into_iter().map(|record| shown(&engine, &uses, record)).collect();
    Ok(Json(ConnectionList { connections, problems: damaged.iter().map(Problem::from).collect() }))
}

/// `GET /{id}`: one connection.
#[utoipa::path(
    get, path = "/api/v1/connections/{id}", operation_id = "connections_show", tag = "connections",
    params(("id" = String, Path, description = "The id of a connection")),
    responses((status = 200, description = "Done", body = Connection))
)]
pub(crate) async fn show(
    State(engine): Shared,
    Named(id): Named<ConnectionId>,
) -> Result<Json<Connection>, ApiError> {
    let record = engine.connections.get(&id).await?;
    Ok(Json(shown(&engine, &Uses::read(&engine).await?, record)))
}

/// `PATCH /{id}`: gives it another name.
#[utoipa::path(
    patch, path = "/api/v1/connections/{id}", operation_id = "connections_change",
    tag = "connections",
    params(("id" = String, Path, description = "The id of a connection")),
    request_body = ConnectionChange,
    responses((status = 200, description = "Done", body = Connection))
)]
pub(crate) async fn change(
    State(engine): Shared,
    Named(id): Named<ConnectionId>,
    Body(ConnectionChange { label }): Body<ConnectionChange>,
) -> Result<Json<Connection>, ApiError> {
    let label = label.map(|text| text.parse::<Label>()).transpose();
    let label = label.map_err(|error| ApiError::bad_request(Problem::new("bad_label", error.to_string())))?;
    engine.connections.relabel(&id, label).await?;
    let record = engine.connections.get(&id).await?;
    Ok(Json(shown(&engine, &Uses::read(&engine).await?, record)))
}

/// `GET /{id}/history?lines=COUNT`: what happened to it, also to one that is gone.
#[utoipa::path(
    get, path = "/api/v1/connections/{id}/history", operation_id = "connections_history",
    tag = "connections",
    params(("id" = String, Path, description = "The id of a connection"), Length),
    responses((status = 200, description = "Done", body = ConnectionHistory))
)]
pub(crate) async fn history(
    State(engine): Shared,
    Named(id): Named<ConnectionId>,
    Parameters(Length { lines }): Parameters<Length>,
) -> Result<Json<ConnectionHistory>, ApiError> {
    let lines = engine.vault.history(&id, lines.min(LONGEST_HISTORY)).await?;
    let provider = match lines.last() {
        Some(line) => line.provider.to_string(),
        // A connection from before there was a log.
        None => engine.connections.provider_of(&id).await?.to_string(),
    };
    let event = |line: AuditLine| ConnectionEvent {
        number: line.number,
        at: line.at,
        event: line.event,
        detail: line.detail,
    };
    let events = lines.into_iter().map(event).collect();
    Ok(Json(ConnectionHistory { connection: id.to_string(), provider, events }))
}

/// `POST /{id}/refresh`: refreshes it now.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/refresh", operation_id = "connections_refresh",
    tag = "connections",
    params(("id" = String, Path, description = "The id of a connection")),
    request_body = Nothing,
    responses((status = 200, description = "Done", body = Connection))
)]
pub(crate) async fn refresh(
    State(engine): Shared,
    Named(id): Named<ConnectionId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Connection>, ApiError> {
    let record = engine.connections.refresh(&id).await?;
    Ok(Json(shown(&engine, &Uses::read(&engine).await?, record)))
}

/// `DELETE /{id}`: revokes it. Servers that use it are stopped first, for their token is about to die.
#[utoipa::path(
    delete, path = "/api/v1/connections/{id}", operation_id = "connections_revoke",
    tag = "connections",
    params(("id" = String, Path, description = "The id of a connection")),
    responses((status = 200, description = "Done", body = RevocationReport))
)]
pub(crate) async fn revoke(
    State(engine): Shared,
    Named(id): Named<ConnectionId>,
) -> Result<Json<RevocationReport>, ApiError> {
    engine.connections.provider_of(&id).await?;
    let servers = engine.vault.servers_of(&id).await?;
    for server in &servers {
        install::running::stop(&engine, server).await?;
    }
    let report = install::revoke(&engine, &id).await?;
    // From the first moment of the revocation on nobody gets the token; who was started just before it has a dead one.
    for server in &servers {
        install::running::stop(&engine, server).await?;
    }
    Ok(Json(report))
}

fn shown(engine: &Engine, uses: &Uses, record: ConnectionRecord) -> Connection {
    let file = engine.providers.get(&record.provider);
    let Use { servers, scopes } = uses.of(&record.id);
    let needed = scopes.with(&record.asked);
    let needed = match file.as_ref().and_then(|file| file.oauth()) {
        Some(oauth) => oauth.authorization.scopes.with(&needed),
        None => needed,
    };
    let (tokens, missing_scopes) = (&record.tokens, needed.missing_from(&record.tokens.scopes));
    let health = engine.connections.health(&record);
    Connection {
        id: record.id.to_string(),
        provider_display_name: file
            .as_ref()
            .map_or_else(|| record.provider.to_string(), |file| file.display_name.clone()),
        provider: record.provider.to_string(),
        account: record.account,
        label: record.label,
        health: health.word.as_str().to_owned(),
        next_attempt_at: health.next_attempt_at,
        failure: record.failure.map(|last| ConnectionFailure {
            code: last.code,
            class: last.failure.class.as_str().to_owned(),
            at: last.failure.at,
            count: last.failure.count,
        }),
        refreshed_at: record.refreshed_at,
        state: record.state.as_str().to_owned(),
        scopes: words(&tokens.scopes),
        missing_scopes: words(&missing_scopes),
        created_at: record.created_at,
        expires_at: tokens.expires_at,
        refreshable: tokens.refresh_token.is_some(),
        servers: servers.iter().map(ServerName::to_string).collect(),
    }
}

fn words(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(Scope::as_str).map(str::to_owned).collect()
}
