//! Where spans hang: the trace that a caller tells of, and the request's own span.

use std::sync::Arc;

use http::HeaderMap;
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
    trace::{SpanContext, TraceContextExt},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

const TRACEPARENT: &str = "traceparent";
/// The length of the header's first version, which later ones may only add to.
const SHORTEST: usize = 55;

/// A request's span, for what is done within the request. Travels in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Parent(Arc<SpanContext>);

/// The one header that is read. `tracestate` is not: it is the caller's text.
struct One<'h>(&'h HeaderMap);

// === impl Parent ===

impl Parent {
    pub(super) fn new(span: &SpanContext) -> Self {
        Self(Arc::new(span.clone()))
    }

    pub(super) fn context(&self) -> Context {
        Context::new().with_remote_span_context(SpanContext::clone(&self.0))
    }
}

impl Extractor for One<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.0.get_all(TRACEPARENT).iter();
        let (Some(only), None) = (values.next().filter(|_| key == TRACEPARENT), values.next()) else {
            return None;
        };
        only.to_str().ok().filter(|text| text.len() >= SHORTEST)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// The span that a caller tells of (W3C Trace Context §3.2); none where it tells of none, of several, or makes no sense.
pub(super) fn told(headers: &HeaderMap) -> Option<SpanContext> {
    if !headers.contains_key(TRACEPARENT) {
        return None;
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &One(headers));
    Some(context.span().span_context().clone()).filter(SpanContext::is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(values: &[&str]) -> Option<SpanContext> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, value.parse().unwrap());
        }
        headers.insert("tracestate", "canary=1".parse().unwrap());
        told(&headers)
    }

    #[test]
    fn one_good_header_is_read_and_nothing_beside_it() {
        let told = read(&[GOOD]).unwrap();
        assert_eq!(told.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(told.span_id().to_string(), "b7ad6b7169203331");
        assert!(told.is_sampled() && told.is_remote());
        assert_eq!(told.trace_state().header(), "");
        assert!(!read(&[&GOOD.replace("-01", "-00")]).unwrap().is_sampled());
    }

    #[test]
    fn what_makes_no_sense_is_as_if_it_were_not_there() {
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let upper = GOOD.to_uppercase();
        let table: [&[&str]; 8] = [
            &[],
            &[""],
            &[GOOD, GOOD],
            &["00-1-1-01"],
            &[zero],
            &[&upper],
            &["ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
            &["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"],
        ];
        for values in table {
            assert!(read(values).is_none(), "{values:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_strangers_bytes_make_a_valid_span_or_none(text in "[0-9a-f]{0,3}[-+0-9a-gé]{40,70}") {
            let Ok(value) = http::HeaderValue::from_bytes(text.as_bytes()) else { return Ok(()) };
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(TRACEPARENT), value)]);
            proptest::prop_assert!(told(&headers).is_none_or(|span| span.is_valid()));
        }
    }
}
