//! Bearer tokens: from the `Authorization` header alone (RFC 6750 §2.1; RFC 9700 §4.3.2 forbids the query).

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{form::Form, grants::Bearer, reply, scope::SandboxScope, state::SandboxState};

/// Why the API turns a request away (RFC 6750 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BearerError {
    #[error("an access token is needed")]
    Missing,
    #[error("the access token belongs in the Authorization header, once")]
    Misplaced,
    #[error("the access token is expired or revoked")]
    Invalid,
    #[error("the access token lacks the scope {}", .0.as_str())]
    Scope(SandboxScope),
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: String,
}

/// The account behind the request's token, if the token is live and has the scope.
pub(super) fn require(
    state: &SandboxState,
    headers: &HeaderMap,
    query: Option<&str>,
    scope: Option<SandboxScope>,
) -> Result<Bearer, BearerError> {
    let in_query = query
        .is_some_and(|query| Form::parse(query.as_bytes()).is_ok_and(|form| form.contains("access_token")));
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (values.next(), values.next()) {
        _ if in_query => return Err(BearerError::Misplaced),
        (_, Some(_)) => return Err(BearerError::Misplaced),
        (None, _) => return Err(BearerError::Missing),
        (Some(value), None) => value.to_str().unwrap_or_default(),
    };
    let (scheme, token) = token.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(BearerError::Missing);
    }
    let bearer = state.grants.bearer(token).ok_or(BearerError::Invalid)?;
    match scope {
        Some(scope) if !bearer.scopes.contains(scope) => Err(BearerError::Scope(scope)),
        _ => Ok(bearer),
    }
}

// === impl BearerError ===

impl BearerError {
    fn code(self) -> (StatusCode, Option<&'static str>) {
        match self {
            // Who brings no token gets a challenge without an error code.
            Self::Missing => (StatusCode::UNAUTHORIZED, None),
            Self::Misplaced => (StatusCode::BAD_REQUEST, Some("invalid_request")),
            Self::Invalid => (StatusCode::UNAUTHORIZED, Some("invalid_token")),
            Self::Scope(_) => (StatusCode::FORBIDDEN, Some("insufficient_scope")),
        }
    }

    fn challenge(self, error: Option<&str>) -> String {
        let mut challenge = r#"Bearer realm="keyferry-sandbox""#.to_owned();
        if let Some(error) = error {
            challenge.push_str(&format!(r#", error="{error}", error_description="{self}""#));
        }
        if let Self::Scope(scope) = self {
            challenge.push_str(&format!(r#", scope="{}""#, scope.as_str()));
        }
        challenge
    }
}

impl IntoResponse for BearerError {
    fn into_response(self) -> Response {
        let (status, error) = self.code();
        let body = Body { error: error.unwrap_or("missing_token"), error_description: self.to_string() };
        let mut response = reply::json(status, &body);
        if let Ok(challenge) = HeaderValue::try_from(self.challenge(error)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
