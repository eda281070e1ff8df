//! `GET /oauth/callback/{provider}`: the https redirect target for providers that refuse loopback. It sends the answer on to the app.

mod page;

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use keyferry_core::flow::send_on::{ReturnTo, SentOn, send_on, told_error};

use crate::{request_log::Facts, request_log::Outcome, state::ProxyState};

/// Sends a provider's answer on to the app on the person's own machine.
///
/// Where to stands in the state, in one of three forms: a loopback port with the provider's own path, for IPv4 or IPv6, or the app's own
/// scheme. So nothing in a request can send a code anywhere else. What is no part of an answer stays here.
#[utoipa::path(
    get,
    path = "/oauth/callback/{provider}",
    tag = "oauth",
    params(("provider" = String, Path, description = "The provider's name", example = "shopify")),
    responses(
        (status = 200, description = "A page that goes on to keyferry://oauth-callback/PROVIDER"),
        (status = 303, description = "On to http://127.0.0.1:PORT/oauth/callback/PROVIDER, or to [::1]"),
        (status = 400, description = "A page: no state that names where the app waits"),
        (status = 404, description = "A page: no provider of that name comes back here"),
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
        return facts.attach(lost(StatusCode::NOT_FOUND, "no_callback", page::unknown()));
    };
    facts.provider = Some(Arc::clone(&provider.label));
    let query = query.unwrap_or_default();
    let name = &provider.file.display_name;
    let sent = send_on(&provider.file.name, &provider.oauth, &query).and_then(|sent| on(name, &sent));
    let nowhere = || match told_error(&query) {
        Some(code) => lost(StatusCode::BAD_REQUEST, "no_return_error", page::refused(name, code)),
        None => lost(StatusCode::BAD_REQUEST, "no_return", page::lost(name)),
    };
    facts.attach(sent.unwrap_or_else(nowhere))
}

/// On to the app. A browser that goes to loopback shows the app's own page; one that hands an answer to a program stays, so that it needs
/// one of ours.
fn on(name: &str, sent: &SentOn) -> Option<Response> {
    let url = sent.url.expose_secret();
    let page = page::on(name, url);
    let mut response = match sent.to {
        ReturnTo::App => {
            let mut response = Html(page).into_response();
            response.headers_mut().insert(header::REFRESH, sensitive(&format!("0;url={url}"))?);
            response
        }
        ReturnTo::Ipv4(_) | ReturnTo::Ipv6(_) => {
            let mut response = (StatusCode::SEE_OTHER, Html(page)).into_response();
            response.headers_mut().insert(header::LOCATION, sensitive(url)?);
            response
        }
    };
    protect(&mut response);
    Some(response)
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn lost(status: StatusCode, outcome: &'static str, page: String) -> Response {
    let mut response = (status, Html(page)).into_response();
    protect(&mut response);
    response.extensions_mut().insert(Outcome(outcome));
    response
}

/// The query holds a code: no cache, no referrer, nothing loaded.
fn protect(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
}
