//! `POST /authorize/decision`: the person's answer.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};

use super::{page, pending::cookie_name, request::AuthorizationRequest};
use crate::{
    form::Form,
    grants::{GrantError, NewCode},
    people::Person,
    state::SandboxState,
};

const STALE: &str = "This page was already answered, is too old, or belongs to another browser.";

/// What the buttons say.
enum Answer {
    Allow(Person),
    Deny,
}

/// `POST /authorize/decision`
pub(crate) async fn decide(
    State(state): State<Arc<SandboxState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_own_form(&headers) {
        return page::refused("The answer did not come from this page.");
    }
    let Some((consent, answer)) = read(&body) else {
        return page::refused("The answer is incomplete.");
    };
    let cookie = cookie(&headers, &cookie_name(&consent)).unwrap_or_default();
    let Some(request) = state.pending.take(&consent, cookie, state.clock.now()) else {
        return page::refused(STALE);
    };
    match answer {
        Answer::Allow(person) => allow(&state, request, person),
        Answer::Deny => request.way_back.error(&state.base_url, "access_denied", "the person said no"),
    }
}

fn allow(state: &SandboxState, request: AuthorizationRequest, person: Person) -> Response {
    let AuthorizationRequest { way_back, scopes, code_challenge } = request;
    let (client_id, redirect_uri) = (state.client.id().to_owned(), way_back.redirect_uri.clone());
    match state.grants.issue_code(NewCode { client_id, redirect_uri, code_challenge, scopes, person }) {
        Ok(code) => way_back.code(&state.base_url, &code),
        Err(error) => {
            tracing::error!(%error, "no authorization code was issued");
            let (code, description) = match error {
                GrantError::Full => ("temporarily_unavailable", "the sandbox is full"),
                _ => ("server_error", "no code could be made"),
            };
            way_back.error(&state.base_url, code, description)
        }
    }
}

/// The consent id and the answer; exactly the fields of our form, each once.
fn read(body: &[u8]) -> Option<(String, Answer)> {
    let form = Form::parse(body).ok().filter(|form| !form.repeats_any())?;
    let consent = form.get("consent")?.to_owned();
    let answer = match form.get("decision")? {
        "allow" => Answer::Allow(form.get("account").and_then(Person::parse)?),
        "deny" => Answer::Deny,
        _ => return None,
    };
    Some((consent, answer))
}

/// Whether the request is one that our own page's form can cause.
///
/// Under `no-referrer` a browser sends `Origin: null` even from our page, so the origin alone decides nothing;
/// `Sec-Fetch-Site` does, and behind both stand the one-time id and the cookie. The host was checked before.
fn is_own_form(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let form = text(header::CONTENT_TYPE)
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let host = text(header::HOST);
    let ours = |origin: &str| origin == "null" || origin.strip_prefix("http://") == host;
    let origin = text(header::ORIGIN).is_none_or(ours);
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    form && origin && site.is_none_or(|site| site == "same-origin")
}

/// The value of a cookie of this name.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}
