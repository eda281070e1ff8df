//! `GET /health`

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::reply;

/// Whether the process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Says that the process lives. Asks nothing of any provider: theirs being down is no reason to restart this one.
#[utoipa::path(get, path = "/health", tag = "operation", responses((status = 200, description = "It lives", body = Health)))]
pub(crate) async fn get() -> Response {
    reply::json(StatusCode::OK, &Health { status: "ok" })
}
