//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3), checked in the order that keeps us from
//! redirecting to a stranger.

use super::redirect::WayBack;
use crate::{client::Client, form::Form, pkce, scope::Scopes, secret::SandboxSecret};

/// Longest `state` that is carried back.
const LONGEST_STATE: usize = 2048;

/// A request that may be shown to the person.
#[derive(Debug)]
pub(crate) struct AuthorizationRequest {
    pub(super) way_back: WayBack,
    pub(super) scopes: Scopes,
    pub(super) code_challenge: String,
}

/// A request that may not.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Client or redirect URI is in doubt: the person sees the reason, nobody is redirected (RFC 6749 §4.1.2.1).
    Shown(&'static str),
    /// The client is told, at its own redirect URI.
    Sent { way_back: WayBack, error: &'static str, description: &'static str },
}

/// Checks a request.
pub(crate) fn check(form: &Form, client: &Client) -> Result<AuthorizationRequest, Refusal> {
    if form.get("client_id") != Some(client.id()) {
        return Err(Refusal::Shown(
            "This sign-in link does not name an application that is registered here.",
        ));
    }
    let redirect_uri = form.get("redirect_uri").filter(|uri| client.may_redirect_to(uri));
    let Some(redirect_uri) = redirect_uri else {
        return Err(Refusal::Shown("This sign-in link leads back to an address that is not registered."));
    };
    let state = form.get("state").filter(|state| state.len() <= LONGEST_STATE);
    let way_back = WayBack { redirect_uri: redirect_uri.to_owned(), state: state.map(SandboxSecret::new) };
    match check_parameters(form) {
        Ok((scopes, code_challenge)) => Ok(AuthorizationRequest { way_back, scopes, code_challenge }),
        Err((error, description)) => Err(Refusal::Sent { way_back, error, description }),
    }
}

/// The parameters whose errors go to the client: scopes and challenge, or an error code and its description.
fn check_parameters(form: &Form) -> Result<(Scopes, String), (&'static str, &'static str)> {
    if form.repeats_any() {
        return Err(("invalid_request", "a parameter is repeated"));
    }
    if form.get("state").is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(("invalid_request", "state is too long"));
    }
    match form.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(("unsupported_response_type", "only response_type=code is offered")),
        None => return Err(("invalid_request", "response_type is missing")),
    }
    let Some(challenge) = form.get("code_challenge") else {
        return Err(("invalid_request", "code_challenge is missing: PKCE is required"));
    };
    if form.get("code_challenge_method") != Some("S256") {
        return Err(("invalid_request", "code_challenge_method must be S256"));
    }
    if !pkce::is_s256_challenge(challenge) {
        return Err(("invalid_request", "code_challenge is malformed"));
    }
    let scopes = form.get("scope").and_then(Scopes::parse);
    let scopes = scopes.ok_or(("invalid_scope", "scope must name scopes of this server"))?;
    Ok((scopes, challenge.to_owned()))
}
