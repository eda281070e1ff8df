//! `GET /oauth/callback/{provider}`: the https redirect target for providers that refuse loopback. It sends the answer on to the app.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use keyferry_core::secret::State as OAuthState;
use url::form_urlencoded;

use crate::{request_log::Facts, request_log::Outcome, state::ProxyState};

/// The longest query that is sent on, in bytes.
const LONGEST_QUERY: usize = 32 * 1024;

/// What a person sees whose answer can't be sent on. It says nothing of what was asked.
const LOST: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>Keyferry</title><h1>No sign-in waits for this page</h1><p>Start the sign-in in Keyferry once more. You can close this page.</p></html>\n";

/// Sends a provider's answer on to the app on the person's own machine.
///
/// The target is fixed but for its port, which stands in the state: loopback, and the provider's own path. So nothing in a request can
/// send a code anywhere else, and a forged port leads to nobody but the person's own machine, where an unknown state is refused.
#[utoipa::path(
    get,
    path = "/oauth/callback/{provider}",
    tag = "oauth",
    params(("provider" = String, Path, description = "The provider's name", example = "shopify")),
    responses(
        (status = 303, description = "On to http://127.0.0.1:PORT/oauth/callback/PROVIDER, the query unchanged"),
        (status = 400, description = "No state that names where the app waits"),
        (status = 404, description = "No provider of that name comes back here"),
    )
)]
pub(crate) async fn get(
    State(proxy): State<Arc<ProxyState>>,
    name: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Response {
    let mut facts = Facts::default();
    let provider = name.ok().and_then(|Path(name)| proxy.registry.find(&name).ok());
    let provider = provider.filter(|provider| provider.own_redirect_uri().is_some());
    let Some(provider) = provider else {
        return facts.attach(page(StatusCode::NOT_FOUND, "no_callback"));
    };
    facts.provider = Some(Arc::clone(&provider.label));
    let query = query.unwrap_or_default();
    let target = return_port(&query).and_then(|port| {
        let target = format!("http://127.0.0.1:{port}/oauth/callback/{}?{query}", provider.file.name);
        HeaderValue::try_from(target).ok()
    });
    let response = match target {
        Some(mut target) => {
            target.set_sensitive(true);
            let mut response = StatusCode::SEE_OTHER.into_response();
            response.headers_mut().insert(header::LOCATION, target);
            protect(response)
        }
        None => page(StatusCode::BAD_REQUEST, "no_return"),
    };
    facts.attach(response)
}

/// The port in the one `state` of a query that a header can carry.
fn return_port(query: &str) -> Option<u16> {
    let plain = query.len() <= LONGEST_QUERY && query.bytes().all(|byte| byte.is_ascii_graphic());
    let mut states = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state");
    match (states.next().filter(|_| plain), states.next()) {
        (Some((_, state)), None) => OAuthState::new(state.into_owned()).ok()?.return_port(),
        _ => None,
    }
}

fn page(status: StatusCode, outcome: &'static str) -> Response {
    let mut response = protect((status, Html(LOST)).into_response());
    response.extensions_mut().insert(Outcome(outcome));
    response
}

/// The query holds a code: no cache, no referrer, nothing loaded.
fn protect(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
