//! The way back to the client (RFC 6749 §4.1.2, RFC 9207): always 303, so that no form is ever re-posted
//! (RFC 9700 §4.12).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use url::form_urlencoded::Serializer;

use super::page;
use crate::secret::SandboxSecret;

/// Sends a code.
pub(super) fn code(redirect_uri: &str, state: Option<&str>, issuer: &str, code: &SandboxSecret) -> Response {
    see_other(redirect_uri, state, issuer, &[("code", code.expose_secret())])
}

/// Sends an error (RFC 6749 §4.1.2.1).
pub(super) fn error(
    redirect_uri: &str,
    state: Option<&str>,
    issuer: &str,
    error: &str,
    description: &str,
) -> Response {
    see_other(redirect_uri, state, issuer, &[("error", error), ("error_description", description)])
}

fn see_other(redirect_uri: &str, state: Option<&str>, issuer: &str, answer: &[(&str, &str)]) -> Response {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(answer);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", issuer);
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let Ok(location) = HeaderValue::try_from(format!("{redirect_uri}{separator}{}", query.finish())) else {
        return page::refused("This sign-in link leads back to an address that is not registered.");
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    page::harden(response.headers_mut());
    response.headers_mut().insert(header::LOCATION, location);
    response
}
