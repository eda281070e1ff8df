//! The authorization endpoint (RFC 6749 §3.1, §4.1.1): `GET /authorize` shows the consent page,
//! `POST /authorize/decision` takes the answer.

pub(crate) mod decision;
pub(crate) mod host;
mod page;
pub(crate) mod pending;
mod redirect;
mod request;

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderValue, header},
    response::Response,
};

use self::{pending::PendingConsent, request::Refusal};
use crate::{form::Form, state::SandboxState};

/// `GET /authorize`
pub(crate) async fn show(State(state): State<Arc<SandboxState>>, RawQuery(query): RawQuery) -> Response {
    let Ok(form) = Form::parse(query.unwrap_or_default().as_bytes()) else {
        return page::refused("The sign-in link is damaged.");
    };
    match request::check(&form, &state.client) {
        Ok(request) => ask(&state, request),
        Err(Refusal::Shown(text)) => page::refused(text),
        Err(Refusal::Sent { way_back, error, description }) => {
            way_back.error(&state.base_url, error, description)
        }
    }
}

/// Files the request and shows the consent page for it.
///
/// The page's one-time id travels in the form and a second secret in a cookie; the answer needs both, so neither
/// another site nor another browser can finish it.
fn ask(state: &SandboxState, request: request::AuthorizationRequest) -> Response {
    let expires_at = state.consent_deadline();
    let pending = match PendingConsent::new(&state.mint, request, expires_at) {
        Ok(pending) => pending,
        Err(error) => {
            tracing::error!(%error, "no consent page can be made");
            return page::unavailable();
        }
    };
    let mut response = page::consent(&state.client, &pending.request, pending.id.expose_secret());
    let cookie = pending.set_cookie();
    if !state.pending.insert(pending, state.clock.now()) {
        return page::unavailable();
    }
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
