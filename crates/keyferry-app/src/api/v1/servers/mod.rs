//! `/api/v1/servers`

mod shown;
mod tools;

use axum::{Json, extract::State};
use keyferry_core::id::ServerName;
use serde::Deserialize;

use crate::{
    api::{
        ApiError, Shared,
        dto::{Server, ServerList, ServerLogs, UninstallReport},
        extract::{Body, Named, Parameters},
    },
    install,
};

pub(crate) use tools::{call, list as tools};

/// Lines of a log in one reply.
const MOST_LINES: usize = 10_000;

/// How much of a log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lines {
    #[serde(default = "default_lines")]
    lines: usize,
}

fn default_lines() -> usize {
    100
}

/// A body that says nothing: `{}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `GET`: every installed server.
pub(crate) async fn list(State(engine): Shared) -> Result<Json<ServerList>, ApiError> {
    Ok(Json(shown::all(&engine).await?))
}

/// `GET /{name}`: one server.
pub(crate) async fn show(
    State(engine): Shared,
    Named(name): Named<ServerName>,
) -> Result<Json<Server>, ApiError> {
    Ok(Json(shown::one(&engine, &name).await?))
}

/// `DELETE /{name}`: uninstalls it, and says what became of its connection.
pub(crate) async fn uninstall(
    State(engine): Shared,
    Named(name): Named<ServerName>,
) -> Result<Json<UninstallReport>, ApiError> {
    Ok(Json(install::uninstall(&engine, &name).await?))
}

/// `POST /{name}/start`: starts it, and answers when it runs or why it doesn't.
pub(crate) async fn start(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Server>, ApiError> {
    install::running::start(&engine, &name).await?;
    Ok(Json(shown::one(&engine, &name).await?))
}

/// `POST /{name}/stop`: stops it until it is started again.
pub(crate) async fn stop(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Server>, ApiError> {
    install::running::stop(&engine, &name).await?;
    Ok(Json(shown::one(&engine, &name).await?))
}

/// `POST /{name}/restart`: stops it where it runs, starts it anew, and answers as a start does.
pub(crate) async fn restart(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Server>, ApiError> {
    install::running::restart(&engine, &name).await?;
    Ok(Json(shown::one(&engine, &name).await?))
}

/// `GET /{name}/logs?lines=N`: the end of what it wrote to its standard error.
pub(crate) async fn logs(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Parameters(Lines { lines }): Parameters<Lines>,
) -> Result<Json<ServerLogs>, ApiError> {
    engine.record(&name).await?;
    let lines = engine.servers.logs(&name, lines.min(MOST_LINES)).await?;
    Ok(Json(ServerLogs { server: name.to_string(), lines }))
}
