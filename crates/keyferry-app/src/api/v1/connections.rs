//! `/api/v1/connections`

use axum::{Json, extract::State};
use keyferry_core::{
    id::{ConnectionId, ServerName},
    scope::{Scope, Scopes},
};

use super::servers::Nothing;
use crate::{
    api::{
        ApiError, Shared,
        dto::{Connection, ConnectionList, Problem, RevocationReport},
        extract::{Body, Named},
    },
    connections::Listed,
    engine::Engine,
    install,
    vault::ConnectionRecord,
};

/// `GET`: every connection.
pub(crate) async fn list(State(engine): Shared) -> Result<Json<ConnectionList>, ApiError> {
    let Listed { readable, damaged } = engine.connections.list().await?;
    let mut connections = Vec::new();
    for record in readable {
        connections.push(shown(&engine, record).await?);
    }
    Ok(Json(ConnectionList { connections, problems: damaged.iter().map(Problem::from).collect() }))
}

/// `GET /{id}`: one connection.
pub(crate) async fn show(
    State(engine): Shared,
    Named(id): Named<ConnectionId>,
) -> Result<Json<Connection>, ApiError> {
    let record = engine.connections.get(&id).await?;
    Ok(Json(shown(&engine, record).await?))
}

/// `POST /{id}/refresh`: refreshes it now.
pub(crate) async fn refresh(
    State(engine): Shared,
    Named(id): Named<ConnectionId>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Connection>, ApiError> {
    let record = engine.connections.refresh(&id).await?;
    Ok(Json(shown(&engine, record).await?))
}

/// `DELETE /{id}`: revokes it. Servers that use it are stopped first, for their token is about to die.
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

async fn shown(engine: &Engine, record: ConnectionRecord) -> Result<Connection, ApiError> {
    let file = engine.providers.get(&record.provider);
    let servers = engine.vault.servers_of(&record.id).await?;
    let (tokens, missing_scopes) = (&record.tokens, record.missing_scopes());
    Ok(Connection {
        id: record.id.to_string(),
        provider_display_name: file
            .map_or_else(|| record.provider.to_string(), |file| file.display_name.clone()),
        provider: record.provider.to_string(),
        account: record.account,
        state: record.state.as_str().to_owned(),
        scopes: words(&tokens.scopes),
        missing_scopes: words(&missing_scopes),
        created_at: record.created_at,
        expires_at: tokens.expires_at,
        refreshable: tokens.refresh_token.is_some(),
        servers: servers.iter().map(ServerName::to_string).collect(),
    })
}

fn words(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(Scope::as_str).map(str::to_owned).collect()
}
