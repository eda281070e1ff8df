//! The span of a request.

use std::{net::IpAddr, sync::Arc};

use axum::body::Body;
use http::{Request, StatusCode, Version};
use opentelemetry::{
    Context, KeyValue, StringValue,
    trace::{Link, Span as _, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::Span;

use super::{Parent, Traces, parent};
use crate::{
    request_id::RequestId,
    request_log::{Facts, known_method},
    routes,
    state::ProxyState,
};

/// The span of a request under way. It ends with it, or when it is dropped.
pub(crate) struct RequestSpan(Box<Span>);

// === impl Traces ===

impl Traces {
    /// Begins a request's span; none where its trace is not recorded. `route` is a pattern.
    pub(crate) fn request(
        &self,
        proxy: &ProxyState,
        request: &Request<Body>,
        id: RequestId,
        address: IpAddr,
        route: &'static str,
    ) -> Option<RequestSpan> {
        let method = match known_method(request.method()) {
            "other" => "_OTHER",
            method => method,
        };
        let mut builder = SpanBuilder::from_name(method).with_kind(SpanKind::Server);
        let mut context = Context::new();
        match parent::told(request.headers()) {
            Some(parent) if proxy.admission.knows(request.headers()) => {
                context = context.with_remote_span_context(parent);
            }
            Some(stranger) => builder = builder.with_links(vec![Link::with_context(stranger)]),
            None => {}
        }
        let mut span = self.tracer.build_with_context(builder, &context);
        if !span.is_recording() {
            return None;
        }
        span.set_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("url.scheme", if proxy.tls.is_some() { "https" } else { "http" }),
            KeyValue::new("client.address", address.to_string()),
            KeyValue::new("keyferry.request_id", id.to_string()),
        ]);
        if let Some(version) = version(request.version()) {
            span.set_attribute(KeyValue::new("network.protocol.version", version));
        }
        if route != routes::UNKNOWN {
            span.update_name(format!("{method} {route}"));
            span.set_attribute(KeyValue::new("http.route", route));
            // Any other path is the caller's text.
            if !route.contains('{') {
                span.set_attribute(KeyValue::new("url.path", route));
            }
        }
        Some(RequestSpan(Box::new(span)))
    }
}

// === impl RequestSpan ===

impl RequestSpan {
    /// What spans within this request hang on.
    pub(crate) fn parent(&self) -> Parent {
        Parent::new(self.0.span_context())
    }

    /// Ends it with what the access log says of the request; without a status where its caller has gone.
    pub(crate) fn end(mut self, facts: Option<&Facts>, outcome: &'static str, status: Option<StatusCode>) {
        let span = &mut self.0;
        span.set_attribute(KeyValue::new("keyferry.outcome", outcome));
        let mut shared = |name, value: &Arc<str>| {
            span.set_attribute(KeyValue::new(name, StringValue::from(Arc::clone(value))));
        };
        if let Some(facts) = facts {
            if let Some(provider) = &facts.provider {
                shared("keyferry.provider", provider);
            }
            if let Some(caller) = facts.caller.as_ref().filter(|name| !name.is_empty()) {
                shared("keyferry.caller", caller);
            }
            if let Some(grant) = facts.grant {
                span.set_attribute(KeyValue::new("keyferry.grant", grant));
            }
        }
        let Some(status) = status else {
            span.set_attribute(KeyValue::new("error.type", outcome));
            return span.end();
        };
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        // A caller's mistake is no error of the server.
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", outcome));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        _ => None,
    }
}
