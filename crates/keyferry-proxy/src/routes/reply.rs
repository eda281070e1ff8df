//! Replies as JSON.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// A reply that anyone may keep.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    written(status, text(value))
}

/// A reply about tokens: nobody on the way may store it (RFC 6749 §5.1).
pub(crate) fn secret(status: StatusCode, value: &impl Serialize) -> Response {
    secret_text(status, text(value))
}

/// The same of a text that was written before.
pub(crate) fn secret_text(status: StatusCode, text: Bytes) -> Response {
    let mut response = written(status, text);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The JSON form. Our own structs of strings and numbers always have one.
pub(crate) fn text(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn written(status: StatusCode, text: Bytes) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
