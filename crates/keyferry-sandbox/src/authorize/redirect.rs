//! The way back to the client (RFC 6749 §4.1.2, RFC 9207): always 303, so that no form is ever re-posted
//! (RFC 9700 §4.12).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use url::form_urlencoded::Serializer;

use super::page;
use crate::secret::SandboxSecret;

/// Where the client waits for the answer, and the `state` that it wants to see again.
#[derive(Debug)]
pub(crate) struct WayBack {
    pub(super) redirect_uri: String,
    pub(super) state: Option<SandboxSecret>,
}

// === impl WayBack ===

impl WayBack {
    /// Sends a code.
    pub(super) fn code(&self, issuer: &str, code: &SandboxSecret) -> Response {
        self.see_other(issuer, &[("code", code.expose_secret())])
    }

    /// Sends an error (RFC 6749 §4.1.2.1).
    pub(super) fn error(&self, issuer: &str, error: &str, description: &str) -> Response {
        self.see_other(issuer, &[("error", error), ("error_description", description)])
    }

    fn see_other(&self, issuer: &str, answer: &[(&str, &str)]) -> Response {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(answer);
        if let Some(state) = &self.state {
            query.append_pair("state", state.expose_secret());
        }
        query.append_pair("iss", issuer);
        let redirect_uri = self.redirect_uri.as_str();
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        let Ok(location) = HeaderValue::try_from(format!("{redirect_uri}{separator}{}", query.finish()))
        else {
            return page::refused("This sign-in link leads back to an address that is not registered.");
        };
        let mut response = StatusCode::SEE_OTHER.into_response();
        page::harden(response.headers_mut());
        response.headers_mut().insert(header::LOCATION, location);
        response
    }
}
