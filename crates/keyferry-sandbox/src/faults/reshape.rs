//! Faults that spoil a true reply.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value};
use tokio::time::sleep;
use url::form_urlencoded::Serializer;

use super::kind::Fault;

/// Larger than any reply of ours.
const REPLY_LIMIT: usize = 8 * 1024 * 1024;
/// Longest pause between two bytes.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Spoils the reply as the fault says; a fault of another kind leaves it as it is.
pub(super) async fn reply(response: Response, fault: &Fault) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, REPLY_LIMIT).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = match fault {
        Fault::TruncatedJson => Body::from(body.slice(..body.len() / 2)),
        Fault::Drip { milliseconds } => drip(body, Duration::from_millis(*milliseconds).min(LONGEST_PAUSE)),
        Fault::FormEncoded => match form(&body) {
            Some(form) => {
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                parts.headers.insert(header::CONTENT_TYPE, kind);
                Body::from(form)
            }
            None => Body::from(body),
        },
        Fault::ExpiresIn { value } => edit(body, |object| {
            if object.contains_key("access_token") {
                match value {
                    Some(value) => object.insert("expires_in".to_owned(), value.clone()),
                    None => object.remove("expires_in"),
                };
            }
        }),
        Fault::OmitRefreshToken => edit(body, |object| {
            object.remove("refresh_token");
        }),
        Fault::DuplicateKey => Body::from(duplicate(&body).unwrap_or(body)),
        _ => Body::from(body),
    };
    Response::from_parts(parts, body)
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body).ok()
}

fn edit(body: Bytes, change: impl FnOnce(&mut Map<String, Value>)) -> Body {
    let Some(mut object) = object(&body) else { return Body::from(body) };
    change(&mut object);
    Body::from(Value::Object(object).to_string())
}

/// The members as form fields; nested ones as their JSON text.
fn form(body: &[u8]) -> Option<String> {
    let mut form = Serializer::new(String::new());
    for (name, value) in object(body)? {
        form.append_pair(&name, value.as_str().unwrap_or(&value.to_string()));
    }
    Some(form.finish())
}

/// The object with its first member once more at the end, under another value.
fn duplicate(body: &[u8]) -> Option<Bytes> {
    let object = object(body)?;
    let name = Value::from(object.keys().next()?.as_str());
    let text = std::str::from_utf8(body).ok()?.trim_end().strip_suffix('}')?;
    Some(Bytes::from(format!("{text},{name}:\"duplicate\"}}")))
}

fn drip(body: Bytes, pause: Duration) -> Body {
    let bytes = stream::iter(0..body.len()).then(move |at| {
        let byte = body.slice(at..=at);
        async move {
            sleep(pause).await;
            Ok::<_, Infallible>(byte)
        }
    });
    Body::from_stream(bytes)
}
