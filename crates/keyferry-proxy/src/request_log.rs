//! One line for each request: who asked, what it was about and how it ended, and nothing that anyone sent. It is the access log, and for
//! exchanges the record of who did what.

use std::{net::IpAddr, sync::Arc};

use axum::response::Response;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::{request_id::RequestId, state::ProxyState, traces::RequestSpan};

/// The target of these lines in the log.
pub const REQUEST_LOG_TARGET: &str = "keyferry_proxy::request_log";

/// What a handler found out about its request. Travels in the response's extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// A known provider, never the text that a request named.
    pub(crate) provider: Option<Arc<str>>,
    /// The grant type, or `revoke`.
    pub(crate) grant: Option<&'static str>,
    /// The name of the access key that let it in.
    pub(crate) caller: Option<Arc<str>>,
}

/// How a request ended. Travels likewise; without one it is `ok` or the status' class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome(pub(crate) &'static str);

/// A request under way. Dropping it unfinished means that its caller has gone.
pub(crate) struct RequestLog {
    proxy: Arc<ProxyState>,
    id: RequestId,
    address: IpAddr,
    method: &'static str,
    route: &'static str,
    started: Instant,
    span: Option<RequestSpan>,
    finished: bool,
}

// === impl Facts ===

impl Facts {
    /// Puts the facts into a response.
    pub(crate) fn attach(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

// === impl RequestLog ===

impl RequestLog {
    pub(crate) fn start(
        proxy: &Arc<ProxyState>,
        id: RequestId,
        address: IpAddr,
        method: &Method,
        route: &'static str,
        span: Option<RequestSpan>,
    ) -> Self {
        let method = known_method(method);
        let started = Instant::now();
        Self { proxy: Arc::clone(proxy), id, address, method, route, started, span, finished: false }
    }

    pub(crate) fn finish(mut self, response: &Response) {
        self.finished = true;
        let outcome = response
            .extensions()
            .get::<Outcome>()
            .map_or_else(|| if response.status().is_success() { "ok" } else { "error" }, |outcome| outcome.0);
        self.write(response.extensions().get::<Facts>(), outcome, Some(response.status()));
    }

    fn write(&mut self, facts: Option<&Facts>, outcome: &'static str, status: Option<StatusCode>) {
        let elapsed = self.started.elapsed();
        tracing::info!(
            target: REQUEST_LOG_TARGET,
            request_id = %self.id,
            address = %self.address,
            caller = facts.and_then(|facts| facts.caller.as_deref()).filter(|name| !name.is_empty()),
            method = self.method,
            route = self.route,
            provider = facts.and_then(|facts| facts.provider.as_deref()),
            grant = facts.and_then(|facts| facts.grant),
            outcome,
            status = status.map(|status| status.as_u16()),
            elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            "request"
        );
        if let Some(span) = self.span.take() {
            span.end(facts, outcome, status);
        }
        self.proxy.metrics.request(self.route, outcome, elapsed.as_secs_f64());
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if !self.finished {
            self.write(None, "caller_gone", None);
        }
    }
}

/// A method's name from a fixed set: another one is the caller's text.
pub(crate) fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
