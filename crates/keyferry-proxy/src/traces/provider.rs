//! The span of a request to a provider.

use std::sync::Arc;

use http::{Method, StatusCode, Uri, uri::Scheme};
use opentelemetry::{
    KeyValue, StringValue,
    trace::{Span as _, SpanBuilder, SpanKind, Status, Tracer},
};
use opentelemetry_sdk::trace::Span;

use super::{Parent, Traces};
use crate::fault::Fault;

/// The span of a request to a provider that is under way. It ends with its answer, or when it is dropped.
pub(crate) struct ProviderSpan(Box<Span>);

// === impl Traces ===

impl Traces {
    /// Begins the span of a request to a provider. Of the URL it holds scheme, host and port: a path may hold what a person said, and a
    /// query a token.
    pub(crate) fn provider(
        &self,
        parent: &Parent,
        provider: &Arc<str>,
        method: &Method,
        uri: &Uri,
    ) -> ProviderSpan {
        let method = match *method {
            Method::GET => "GET",
            Method::DELETE => "DELETE",
            _ => "POST",
        };
        let builder = SpanBuilder::from_name(method).with_kind(SpanKind::Client);
        let mut span = self.tracer.build_with_context(builder, &parent.context());
        let (scheme, usual) = if uri.scheme() == Some(&Scheme::HTTP) { ("http", 80) } else { ("https", 443) };
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        span.set_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("url.scheme", scheme),
            KeyValue::new("server.address", host.to_owned()),
            KeyValue::new("server.port", i64::from(uri.port_u16().unwrap_or(usual))),
            KeyValue::new("keyferry.provider", StringValue::from(Arc::clone(provider))),
        ]);
        ProviderSpan(Box::new(span))
    }
}

// === impl ProviderSpan ===

impl ProviderSpan {
    /// Ends it with the provider's status, or with what came instead of one.
    pub(crate) fn end(mut self, answer: Result<StatusCode, Fault>) {
        let span = &mut self.0;
        let error = match answer {
            Ok(status) => {
                let number = i64::from(status.as_u16());
                span.set_attribute(KeyValue::new("http.response.status_code", number));
                let failed = status.is_client_error() || status.is_server_error();
                failed.then(|| KeyValue::new("error.type", number.to_string()))
            }
            Err(fault) => Some(KeyValue::new("error.type", fault.outcome())),
        };
        if let Some(error) = error {
            span.set_attribute(error);
            span.set_status(Status::error(""));
        }
        span.end();
    }
}
