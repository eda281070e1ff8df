//! `GET /ready`

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::reply;
use crate::state::ProxyState;

/// Whether new work is welcome.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` or `draining`.
    #[schema(example = "ready")]
    status: &'static str,
}

/// Says whether new work is welcome, which it is until a shutdown begins.
#[utoipa::path(
    get,
    path = "/ready",
    tag = "operation",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Shutting down", body = Readiness),
    )
)]
pub(crate) async fn get(State(proxy): State<Arc<ProxyState>>) -> Response {
    if proxy.is_draining() {
        reply::json(StatusCode::SERVICE_UNAVAILABLE, &Readiness { status: "draining" })
    } else {
        reply::json(StatusCode::OK, &Readiness { status: "ready" })
    }
}
