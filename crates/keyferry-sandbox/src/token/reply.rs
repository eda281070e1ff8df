//! The successful reply (RFC 6749 §5.1).

use axum::{http::StatusCode, response::Response};
use serde::Serialize;

use crate::{grants::TokenSet, reply, secret::SandboxSecret};

#[derive(Serialize)]
struct Body<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: String,
}

pub(super) fn tokens(tokens: &TokenSet) -> Response {
    let body = Body {
        access_token: tokens.access_token.expose_secret(),
        token_type: "Bearer",
        expires_in: tokens.expires_in.as_secs(),
        refresh_token: tokens.refresh_token.as_ref().map(SandboxSecret::expose_secret),
        scope: tokens.scopes.join(),
    };
    reply::json(StatusCode::OK, &body)
}
