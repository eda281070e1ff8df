//! The token endpoint (RFC 6749 §3.2).

pub(crate) mod authenticate;
mod authorization_code;
pub(crate) mod error;
mod refresh_token;
mod reply;

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use self::error::TokenError;
use crate::{form::Form, state::SandboxState};

/// `POST /token`
pub(crate) async fn answer(
    State(state): State<Arc<SandboxState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let tokens = read_form(query.as_deref(), &headers, &body).and_then(|form| {
        let client_id = authenticate::client(&state.client, &headers, &form)?;
        match form.get("grant_type") {
            Some("authorization_code") => authorization_code::redeem(&state, &client_id, &form),
            Some("refresh_token") => refresh_token::refresh(&state, &client_id, &form),
            Some(_) => Err(TokenError::UnsupportedGrantType),
            None => Err(TokenError::InvalidRequest("grant_type is missing or repeated")),
        }
    });
    match tokens {
        Ok(tokens) => reply::tokens(&tokens),
        Err(error) => error.into_response(),
    }
}

/// The body of a request that carries secrets: form-encoded, no repeats (RFC 6749 §3.2), nothing in the URL,
/// which is what logs keep (RFC 6749 §2.3.1).
pub(crate) fn read_form(query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Form, TokenError> {
    if query.is_some_and(|query| !query.is_empty()) {
        return Err(TokenError::InvalidRequest("parameters belong in the body, not in the URL"));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(TokenError::InvalidRequest("the body must be application/x-www-form-urlencoded"));
    }
    let form =
        Form::parse(body).map_err(|_| TokenError::InvalidRequest("the body is not form-encoded UTF-8"))?;
    if form.repeats_any() {
        return Err(TokenError::InvalidRequest("a parameter is repeated"));
    }
    Ok(form)
}
