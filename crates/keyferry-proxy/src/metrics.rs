//! What is counted, in the Prometheus text format. Labels come from fixed sets: routes, outcomes, and names of known providers.

use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// The media type of the text format that is written.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
    exchanges: Family<ExchangeLabels, Counter>,
    exchange_seconds: Family<ExchangeTimeLabels, Histogram, fn() -> Histogram>,
    connections: Gauge<i64, AtomicI64>,
    replays: Family<ReplayLabel, Counter>,
    kept: Gauge<i64, AtomicI64>,
    kept_bytes: Gauge<i64, AtomicI64>,
    panics: Counter,
    store_up: Gauge<i64, AtomicI64>,
    store_failures: Counter,
    handshakes_failed: Counter,
    spans_exported: Counter,
    spans_dropped: Counter,
}

/// How a token request was answered without an exchange of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Replayed {
    /// With an answer that was kept.
    Kept,
    /// With that of an equal request that was under way.
    Joined,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ExchangeLabels {
    provider: Arc<str>,
    grant: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ExchangeTimeLabels {
    provider: Arc<str>,
    grant: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReplayLabel {
    from: &'static str,
}

/// Counts a connection for as long as it lives.
pub(crate) struct OpenConnection(Gauge<i64, AtomicI64>);

// === impl Metrics ===

impl Metrics {
    /// `with_store` says whether there is a store for limits to tell of.
    pub(crate) fn new(with_store: bool) -> Self {
        let mut registry = Registry::with_prefix("keyferry_proxy");
        let requests = Family::default();
        let seconds = Family::new_with_constructor(buckets as fn() -> Histogram);
        let (exchanges, connections, panics) = (Family::default(), Gauge::default(), Counter::default());
        registry.register("requests", "Requests by route and outcome", requests.clone());
        registry.register("request_seconds", "Time until a reply was ready", seconds.clone());
        registry.register("exchanges", "Exchanges with providers", exchanges.clone());
        registry.register("connections", "Connections open now", connections.clone());
        let (replays, kept, kept_bytes) = (Family::default(), Gauge::default(), Gauge::default());
        registry.register(
            "replays",
            "Token requests answered without an exchange of their own",
            replays.clone(),
        );
        registry.register("kept_answers", "Answers kept for those who ask again", kept.clone());
        registry.register("kept_answer_bytes", "Their size", kept_bytes.clone());
        registry.register("panics", "Requests that ended in a defect", panics.clone());
        let exchange_seconds = Family::new_with_constructor(buckets as fn() -> Histogram);
        let (store_up, store_failures, handshakes_failed) =
            (Gauge::default(), Counter::default(), Counter::default());
        registry.register(
            "tls_handshakes_failed",
            "Connections that came to no TLS",
            handshakes_failed.clone(),
        );
        registry.register("exchange_seconds", "Time that a provider took", exchange_seconds.clone());
        if with_store {
            registry.register("store_up", "Whether the store for limits is there", store_up.clone());
            registry.register("store_failures", "Calls of that store that failed", store_failures.clone());
        }
        let (spans_exported, spans_dropped) = (Counter::default(), Counter::default());
        registry.register("spans_exported", "Spans that the collector took", spans_exported.clone());
        registry.register("spans_dropped", "Spans that it did not get or take", spans_dropped.clone());
        Self {
            registry,
            requests,
            seconds,
            exchanges,
            exchange_seconds,
            connections,
            replays,
            kept,
            kept_bytes,
            panics,
            store_up,
            store_failures,
            handshakes_failed,
            spans_exported,
            spans_dropped,
        }
    }

    /// Counts a request.
    pub(crate) fn request(&self, route: &'static str, outcome: &'static str, seconds: f64) {
        self.requests.get_or_create(&RequestLabels { route, outcome }).inc();
        self.seconds.get_or_create(&RouteLabel { route }).observe(seconds);
    }

    /// Counts an exchange with a provider.
    pub(crate) fn exchange(
        &self,
        provider: &Arc<str>,
        grant: &'static str,
        outcome: &'static str,
        took: Duration,
    ) {
        let labels = ExchangeTimeLabels { provider: Arc::clone(provider), grant };
        self.exchange_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        let provider = Arc::clone(provider);
        self.exchanges.get_or_create(&ExchangeLabels { provider, grant, outcome }).inc();
    }

    /// Whether the store for limits answers.
    pub(crate) fn store_up(&self, up: bool) {
        self.store_up.set(up.into());
    }

    /// Counts a connection that came to no TLS.
    pub(crate) fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }

    /// Counts a call of the store that failed.
    pub(crate) fn store_failed(&self) {
        self.store_failures.inc();
    }

    /// Counts a token request that needed no exchange of its own.
    pub(crate) fn replayed(&self, how: Replayed) {
        let from = match how {
            Replayed::Kept => "kept",
            Replayed::Joined => "under_way",
        };
        self.replays.get_or_create(&ReplayLabel { from }).inc();
    }

    /// How many answers are kept, and how large they are together.
    pub(crate) fn kept(&self, entries: usize, bytes: usize) {
        self.kept.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.kept_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Counts spans that the collector took.
    pub(crate) fn spans_exported(&self, spans: u64) {
        self.spans_exported.inc_by(spans);
    }

    /// Counts spans that are lost.
    pub(crate) fn spans_dropped(&self, spans: u64) {
        self.spans_dropped.inc_by(spans);
    }

    /// How many panics there were.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn panics(&self) -> u64 {
        self.panics.get()
    }

    /// Counts a panic.
    pub(crate) fn panic(&self) {
        self.panics.inc();
    }

    /// Counts a connection until the result is dropped.
    pub(crate) fn connection(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    /// All of them as text.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::with_capacity(4_096);
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn buckets() -> Histogram {
    Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 3.0, 10.0])
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn a_store_that_nobody_asked_for_is_not_told_to_be_away() {
        for with_store in [false, true] {
            assert_eq!(Metrics::new(with_store).text().unwrap().contains("store"), with_store);
        }
    }
}
