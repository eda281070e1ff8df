//! JSON replies that no cache may keep (RFC 6749 §5.1).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// A JSON reply with `Cache-Control: no-store` and `Pragma: no-cache`.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    no_store((status, Json(body)).into_response())
}

/// The same headers for any reply.
pub(crate) fn no_store(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
