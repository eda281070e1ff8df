//! `/api/v1/installs`

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        ApiError, Shared,
        dto::{Install, InstallRequest, Problem},
        extract::{Body, Named, Parameters},
    },
    install::{self, UNDO_LIMIT},
    ticket::Ticket,
};

/// The longest that a request may wait for news.
const LONGEST_WAIT: u64 = 30;

/// What to wait for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// The revision the caller knows.
    #[serde(default)]
    after: u64,
    /// Seconds; more than the limit counts as the limit.
    #[serde(default)]
    wait: u64,
}

/// `POST`: begins an install, once all that can be checked without acting is checked.
#[utoipa::path(
    post, path = "/api/v1/installs", operation_id = "installs_create", tag = "installs",
    request_body = InstallRequest,
    responses((status = 202, description = "Begun", body = Install))
)]
pub(crate) async fn create(
    State(engine): Shared,
    Body(request): Body<InstallRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let install = install::begin(&engine, request).await?;
    let location = format!("/api/v1/installs/{}", install.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(install)))
}

/// `GET /{id}?after=REVISION&wait=SECONDS`: the install, as soon as it is newer than the caller's or the wait is over.
#[utoipa::path(
    get, path = "/api/v1/installs/{id}", operation_id = "installs_show", tag = "installs",
    params(("id" = String, Path, description = "The id of an install"), Wait),
    responses((status = 200, description = "Done", body = Install))
)]
pub(crate) async fn show(
    State(engine): Shared,
    Named(id): Named<Ticket>,
    Parameters(Wait { after, wait }): Parameters<Wait>,
) -> Result<Json<Install>, ApiError> {
    let (mut record, _listening) = engine.installs.watch(id).ok_or_else(unknown)?;
    let news = record.borrow().revision() > after || record.borrow().is_over();
    if !news && wait > 0 {
        let _place = engine.waiting.try_acquire().map_err(|_| ApiError::busy())?;
        let limit = Duration::from_secs(wait.min(LONGEST_WAIT));
        tokio::select! {
            _ = tokio::time::timeout(limit, record.wait_for(|record| record.revision() > after)) => {}
            () = engine.ending.cancelled() => {}
        }
    }
    let shown = record.borrow().shown();
    Ok(Json(shown))
}

/// `DELETE /{id}`: cancels it, and answers when what it had begun is undone.
#[utoipa::path(
    delete, path = "/api/v1/installs/{id}", operation_id = "installs_cancel", tag = "installs",
    params(("id" = String, Path, description = "The id of an install")),
    responses((status = 200, description = "Done", body = Install))
)]
pub(crate) async fn cancel(
    State(engine): Shared,
    Named(id): Named<Ticket>,
) -> Result<Json<Install>, ApiError> {
    let mut record = engine.installs.cancel(id).ok_or_else(unknown)?;
    // One that is not over by then shows as still working.
    tokio::time::timeout(UNDO_LIMIT, record.wait_for(install::Record::is_over)).await.ok();
    let shown = record.borrow().shown();
    Ok(Json(shown))
}

fn unknown() -> ApiError {
    let problem = Problem::new("unknown_install", "there is no install of this id");
    ApiError::not_found(problem.with_hint("one that is over is forgotten after 15 minutes"))
}
