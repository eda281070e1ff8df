//! `GET /metrics`

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;

use crate::{error::ProxyError, metrics::CONTENT_TYPE, state::ProxyState};

/// The metrics in the OpenMetrics text format. Only on a loopback address, or on one of their own.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = 200, description = "Metrics", content_type = "application/openmetrics-text", body = String))
)]
pub(crate) async fn get(State(proxy): State<Arc<ProxyState>>) -> Response {
    proxy.replay.sweep();
    match proxy.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => ProxyError::Internal.into_response(),
    }
}
