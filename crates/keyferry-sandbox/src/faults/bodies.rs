//! Replies that stand in for the handler.

use std::iter;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::json;
use url::form_urlencoded::Serializer;

use super::kind::Fault;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// The piece in which a huge body is sent.
const CHUNK: &[u8] = &[b' '; 16 * 1024];

/// The reply of a fault that lets nothing be handled; nothing for the others.
pub(super) fn instead(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::Status { status, retry_after } => Some(bare(*status, retry_after.as_deref())),
        Fault::Html => {
            Some(typed("text/html; charset=utf-8", "<!doctype html><title>Hello</title><p>Not a reply."))
        }
        Fault::NotUtf8 => {
            Some(typed(JSON, &b"{\"access_token\":\"\xff\xfe\",\"token_type\":\"Bearer\"}"[..]))
        }
        Fault::OkFalse { error } => Some(typed(JSON, json!({ "ok": false, "error": error }).to_string())),
        Fault::ErrorForm { error } => {
            let form = Serializer::new(String::new()).append_pair("error", error).finish();
            Some(typed(FORM, form))
        }
        Fault::HugeBody { bytes } => Some(typed(JSON, huge(*bytes))),
        Fault::Redirect { location } => {
            let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
            set(&mut response, header::LOCATION, location);
            Some(response)
        }
        _ => None,
    }
}

fn bare(status: u16, retry_after: Option<&str>) -> Response {
    let status = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 200);
    let mut response = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
    if let Some(retry_after) = retry_after {
        set(&mut response, header::RETRY_AFTER, retry_after);
    }
    response
}

fn typed(kind: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, kind)], body.into()).into_response()
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A body that is made while it is sent, so that its length costs no memory here.
fn huge(bytes: u64) -> Body {
    let size = CHUNK.len() as u64;
    let last = CHUNK.get(..usize::try_from(bytes % size).unwrap_or(0)).unwrap_or_default();
    let full = iter::repeat_n(CHUNK, usize::try_from(bytes / size).unwrap_or(usize::MAX));
    let chunks = full.chain([last]).map(|chunk| Ok::<_, std::convert::Infallible>(Bytes::from_static(chunk)));
    Body::from_stream(stream::iter(chunks))
}
