//! Who may ask: the one place that decides whether a request reaches a route.
//!
//! The listener is on loopback, and that keeps out nobody who matters: every web page the person opens can send requests to
//! it, and so can every user of the machine. So the `Host` must be ours (a page that rebinds its own name to 127.0.0.1 still
//! names itself there), a request that a browser marks as another site's is refused, and whatever is not listed as public
//! needs the bearer token of the data folder. There are no CORS headers: no other origin has business here.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{ApiError, dto::Problem};
use crate::{
    clients::{ClientName, ClientTokens},
    home::ApiToken,
};

/// The paths that need no token: fixed texts.
const PUBLIC: [&str; 3] = ["/", "/health", "/openapi.json"];

/// Where sign-ins come back. No token, and other sites may lead here, for that is what a provider's redirect is: the
/// request's own `state` is its authority (RFC 6749 §10.12).
const CALLBACKS: &str = "/oauth/callback/";

/// What clients' own tokens open, and nothing else.
const GATEWAY: &str = "/mcp";

/// Decides over requests.
#[derive(Debug)]
pub(crate) struct Guard {
    hosts: [String; 3],
    token: ApiToken,
    clients: Arc<ClientTokens>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Anybody.
    Stranger,
    /// A program of this person's, with the token of the data folder.
    Program,
    /// An MCP client with a token of its own, which opens the gateway alone.
    Client(ClientName),
}

/// Why a request goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// No `Host`, or more than one (RFC 9112 §3.2).
    #[error("the request must have exactly one Host")]
    NoHost,
    /// The name of another host: a rebound one, most likely (RFC 9110 §7.4).
    #[error("this host is not the app's")]
    ForeignHost,
    /// A page of another origin asks.
    #[error("pages of other origins may not use this app")]
    ForeignOrigin,
    /// Not one `Authorization: Bearer` with the token.
    #[error("the request needs the bearer token of the data folder")]
    NoToken,
    /// A write whose body is not declared as JSON: an HTML form can send any other type without asking.
    #[error("the body must be application/json")]
    NotJson,
}

impl Guard {
    /// The guard of a listener on this port.
    pub(crate) fn new(port: u16, token: ApiToken, clients: Arc<ClientTokens>) -> Self {
        let hosts = [format!("127.0.0.1:{port}"), format!("[::1]:{port}"), format!("localhost:{port}")];
        Self { hosts, token, clients }
    }

    /// Who asks, where the request may reach its route.
    pub(crate) fn admit(&self, request: &Parts) -> Result<Caller, Refusal> {
        let host = self.own_host(request)?;
        let path = request.uri.path();
        let is_callback = path.starts_with(CALLBACKS) && request.method == Method::GET;
        same_origin(&request.headers, host, is_callback)?;
        if is_callback || PUBLIC.contains(&path) {
            return Ok(Caller::Stranger);
        }
        let caller = self.authorized(&request.headers, is_gateway(path))?;
        if [Method::POST, Method::PUT, Method::PATCH].contains(&request.method) && !is_json(&request.headers)
        {
            return Err(Refusal::NotJson);
        }
        Ok(caller)
    }

    /// The request's host, if it is ours. A request in absolute form names it twice (RFC 9112 §3.2.2), and both must agree.
    fn own_host(&self, request: &Parts) -> Result<&str, Refusal> {
        let host = the_only(&request.headers, &header::HOST).ok_or(Refusal::NoHost)?;
        let own = self.hosts.iter().find(|own| *own == host).ok_or(Refusal::ForeignHost)?;
        match request.uri.authority() {
            Some(authority) if authority.as_str() != own => Err(Refusal::ForeignHost),
            _ => Ok(own),
        }
    }

    fn authorized(&self, headers: &HeaderMap, gateway: bool) -> Result<Caller, Refusal> {
        let value = the_only(headers, &header::AUTHORIZATION).ok_or(Refusal::NoToken)?;
        let (scheme, token) = value.split_once(' ').ok_or(Refusal::NoToken)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refusal::NoToken);
        }
        if self.token.matches(token.as_bytes()) {
            return Ok(Caller::Program);
        }
        let client = self.clients.find(token.as_bytes()).filter(|_| gateway);
        client.map(Caller::Client).ok_or(Refusal::NoToken)
    }
}

/// Whether this is a path of the gateway.
fn is_gateway(path: &str) -> bool {
    path == GATEWAY || path.strip_prefix(GATEWAY).is_some_and(|rest| rest.starts_with('/'))
}

/// Browsers mark what a page sends: writes and cross-origin reads with `Origin`, everything with `Sec-Fetch-Site`. Programs
/// send neither.
fn same_origin(headers: &HeaderMap, host: &str, is_callback: bool) -> Result<(), Refusal> {
    let ours = |origin: &str| origin.strip_prefix("http://") == Some(host);
    let origins_fit = headers.get_all(header::ORIGIN).iter().all(|value| value.to_str().is_ok_and(ours));
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let sites_fit = is_callback || sites.all(|site| site == "same-origin" || site == "none");
    if origins_fit && sites_fit { Ok(()) } else { Err(Refusal::ForeignOrigin) }
}

fn the_only<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_none() { Some(value) } else { None }
}

fn is_json(headers: &HeaderMap) -> bool {
    the_only(headers, &header::CONTENT_TYPE).is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::NoHost => (StatusCode::BAD_REQUEST, "bad_host"),
            Refusal::ForeignHost => (StatusCode::MISDIRECTED_REQUEST, "foreign_host"),
            Refusal::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign_origin"),
            Refusal::NoToken => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Refusal::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
        };
        let problem = Problem::new(code, refusal.to_string());
        ApiError::new(
            status,
            match refusal {
                Refusal::NoToken => {
                    problem.with_hint("send `Authorization: Bearer` with the text of the file `api-token`")
                }
                Refusal::NotJson => problem.with_hint("send `Content-Type: application/json`"),
                _ => problem,
            },
        )
    }
}

/// Refuses what [`Guard::admit`] refuses, and says why.
pub(crate) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match guard.admit(&parts) {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => {
            tracing::warn!(method = %parts.method, reason = %refusal, "request refused");
            ApiError::from(refusal).into_response()
        }
    }
}

#[cfg(test)]
mod tests;
