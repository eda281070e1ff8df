//! Replies as JSON.

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// A reply that anyone may keep.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Our own structs of strings and numbers always have a JSON form.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A reply about tokens: nobody on the way may store it (RFC 6749 §5.1).
pub(crate) fn secret(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = json(status, value);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
