//! `/api/v1/servers`

mod shown;
pub(crate) mod tools;

use std::time::{Duration, Instant};

use axum::{Json, extract::State, http::StatusCode};
use keyferry_core::id::ServerName;
use serde::Deserialize;
use tokio::time::sleep;
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        ApiError, Shared,
        dto::{Problem, Server, ServerList, ServerLogs, UninstallReport},
        extract::{Body, Named, Parameters},
    },
    install,
    runtime::Cursor,
};

/// Lines of a log in one reply.
const MOST_LINES: usize = 10_000;

/// The longest that a request may wait for new lines, and how often it looks.
const LONGEST_WAIT: u64 = 30;
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How much of a log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Lines {
    /// The last lines.
    #[serde(default = "default_lines")]
    lines: usize,
    /// Or those after this cursor.
    #[serde(default)]
    after: Option<String>,
    /// Seconds to wait for them; more than the limit counts as the limit.
    #[serde(default)]
    wait: u64,
}

fn default_lines() -> usize {
    100
}

/// A body that says nothing: `{}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `GET`: every installed server.
#[utoipa::path(
    get, path = "/api/v1/servers", operation_id = "servers_list", tag = "servers",
    responses((status = 200, description = "Done", body = ServerList))
)]
pub(crate) async fn list(State(engine): Shared) -> Result<Json<ServerList>, ApiError> {
    Ok(Json(shown::all(&engine).await?))
}

/// `GET /{name}`: one server.
#[utoipa::path(
    get, path = "/api/v1/servers/{name}", operation_id = "servers_show", tag = "servers",
    params(("name" = String, Path, description = "The name of a server", example = "sandbox-notes")),
    responses((status = 200, description = "Done", body = Server))
)]
pub(crate) async fn show(
    State(engine): Shared,
    Named(name): Named<ServerName>,
) -> Result<Json<Server>, ApiError> {
    Ok(Json(shown::one(&engine, &name).await?))
}

/// `DELETE /{name}`: uninstalls it, and says what became of its connection.
#[utoipa::path(
    delete, path = "/api/v1/servers/{name}", operation_id = "servers_uninstall", tag = "servers",
    params(("name" = String, Path, description = "The name of a server", example = "sandbox-notes")),
    responses((status = 200, description = "Done", body = UninstallReport))
)]
pub(crate) async fn uninstall(
    State(engine): Shared,
    Named(name): Named<ServerName>,
) -> Result<Json<UninstallReport>, ApiError> {
    Ok(Json(install::uninstall(&engine, &name).await?))
}

/// `POST /{name}/start`: starts it, and answers when it runs or why it doesn't.
#[utoipa::path(
    post, path = "/api/v1/servers/{name}/start", operation_id = "servers_start", tag = "servers",
    params(("name" = String, Path, description = "The name of a server", example = "sandbox-notes")),
    request_body = Nothing,
    responses((status = 200, description = "Done", body = Server))
)]
pub(crate) async fn start(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Server>, ApiError> {
    install::running::start(&engine, &name).await?;
    Ok(Json(shown::one(&engine, &name).await?))
}

/// `POST /{name}/stop`: stops it until it is started again.
#[utoipa::path(
    post, path = "/api/v1/servers/{name}/stop", operation_id = "servers_stop", tag = "servers",
    params(("name" = String, Path, description = "The name of a server", example = "sandbox-notes")),
    request_body = Nothing,
    responses((status = 200, description = "Done", body = Server))
)]
pub(crate) async fn stop(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Server>, ApiError> {
    install::running::stop(&engine, &name).await?;
    Ok(Json(shown::one(&engine, &name).await?))
}

/// `POST /{name}/restart`: stops it where it runs, starts it anew, and answers as a start does.
#[utoipa::path(
    post, path = "/api/v1/servers/{name}/restart", operation_id = "servers_restart",
    tag = "servers",
    params(("name" = String, Path, description = "The name of a server", example = "sandbox-notes")),
    request_body = Nothing,
    responses((status = 200, description = "Done", body = Server))
)]
pub(crate) async fn restart(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Server>, ApiError> {
    install::running::restart(&engine, &name).await?;
    Ok(Json(shown::one(&engine, &name).await?))
}

/// `GET /{name}/logs?lines=N`: the end of what it wrote to its standard error. `?after=CURSOR&wait=SECONDS`: what came since.
#[utoipa::path(
    get, path = "/api/v1/servers/{name}/logs", operation_id = "servers_logs", tag = "servers",
    params(
        ("name" = String, Path, description = "The name of a server", example = "sandbox-notes"),
        Lines,
    ),
    responses((status = 200, description = "Done", body = ServerLogs))
)]
pub(crate) async fn logs(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Parameters(Lines { lines, after, wait }): Parameters<Lines>,
) -> Result<Json<ServerLogs>, ApiError> {
    engine.record(&name).await?;
    let from = match &after {
        Some(cursor) => cursor.parse().map_err(|_| bad_cursor())?,
        None => Cursor::default(),
    };
    let (mut found, mut cursor) = engine.servers.logs_after(&name, from).await?;
    if after.is_some() && found.is_empty() && wait > 0 {
        let _place = engine.waiting.try_acquire().map_err(|_| ApiError::busy())?;
        let until = Instant::now() + Duration::from_secs(wait.min(LONGEST_WAIT));
        // A file tells nobody that it grew, but who looks.
        while found.is_empty() && Instant::now() < until && !engine.ending.is_cancelled() {
            sleep(LOOK_EVERY).await;
            (found, cursor) = engine.servers.logs_after(&name, cursor).await?;
        }
    }
    if after.is_none() {
        found.drain(..found.len().saturating_sub(lines.min(MOST_LINES)));
    }
    Ok(Json(ServerLogs { server: name.to_string(), lines: found, cursor: cursor.to_string() }))
}

fn bad_cursor() -> ApiError {
    let problem = Problem::new("bad_cursor", "`after` is no cursor of a log");
    ApiError::new(StatusCode::BAD_REQUEST, problem.with_hint("take the `cursor` of the reply before"))
}
