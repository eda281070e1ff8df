//! What all requests share.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use keyferry_core::provider::HostPattern;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::{
    admission::Admission,
    clock::Clock,
    config::{Callers, Limits, ProxyConfig},
    limits::{AddressLimit, Store},
    metrics::Metrics,
    pace::Pace,
    registry::Registry,
    replay::Replay,
    request_id::RequestIds,
    routes,
    seal::Sealer,
    server_tls::ServerTls,
    start_error::StartError,
    traces::Traces,
    upstream::Upstream,
};

/// A running proxy, without its sockets.
pub(crate) struct ProxyState {
    pub(crate) registry: Registry,
    pub(crate) tls: Option<ServerTls>,
    pub(crate) upstream: Upstream,
    pub(crate) admission: Admission,
    pub(crate) callers: Callers,
    pub(crate) addresses: AddressLimit,
    /// One permit for each request that may be under way.
    pub(crate) requests: Arc<Semaphore>,
    /// Whether strangers reach it, by its address or by its operator's word.
    public: bool,
    pub(crate) sealer: Sealer,
    pub(crate) pace: Pace,
    pub(crate) replay: Replay,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    /// Makes spans, where the operator has a collector for them.
    pub(crate) traces: Option<Traces>,
    pub(crate) ids: RequestIds,
    /// Exchanges whose caller has gone. A shutdown waits for them.
    pub(crate) tasks: TaskTracker,
    /// The text of `/openapi.json`, made when it is first asked for: most proxies never are, and making it takes more memory than all that a
    /// proxy has at rest.
    pub(crate) description: LazyLock<Bytes>,
    /// The hosts of the own network that the operator listed for all providers.
    private_hosts: Vec<HostPattern>,
    draining: AtomicBool,
}

// === impl ProxyState ===

impl ProxyState {
    pub(crate) fn new(config: &ProxyConfig) -> Result<Self, StartError> {
        let (clock, metrics) = (config.clock.clone(), Arc::new(Metrics::new(config.outside.store.is_some())));
        let store =
            config.outside.store.as_ref().map(|url| Store::new(url.expose_secret(), Arc::clone(&metrics)));
        // The error of its parser could repeat a password.
        let store = store.transpose().map_err(|_| StartError::Store)?.map(Arc::new);
        let traces = config.traces.as_ref();
        let traces = traces.map(|traces| Traces::start(traces, &config.limits, &config.outside, &metrics));
        let state = Self {
            traces: traces.transpose()?,
            registry: Registry::new(config)?,
            tls: config.tls.as_ref().map(ServerTls::load).transpose()?,
            upstream: Upstream::new(&config.limits, &config.outside)?,
            admission: Admission::new(&config.access, config.callers.per_key, store.clone()),
            addresses: AddressLimit::new(&config.callers, store),
            callers: config.callers.clone(),
            requests: Arc::new(Semaphore::new(config.limits.requests)),
            public: config.listen.open || !config.listen.address.ip().is_loopback(),
            sealer: Sealer::new(config.sealing.as_ref(), config.sealing_by_client),
            pace: Pace::new(&config.limits),
            replay: Replay::new(&config.limits, clock.clone(), Arc::clone(&metrics)),
            clock,
            limits: config.limits.clone(),
            metrics,
            ids: RequestIds::default(),
            tasks: TaskTracker::new(),
            description: LazyLock::new(description),
            private_hosts: config.outside.private_hosts.clone(),
            draining: AtomicBool::new(false),
        };
        state.sealer.renew(&config.credentials, &config.providers);
        state.tell_near();
        Ok(state)
    }

    /// Whether anyone at all may use it.
    pub(crate) fn is_open(&self) -> bool {
        self.public && !self.admission.wants_keys()
    }

    /// Tells the client which hosts may be in the own network: those listed for all, and those listed to the letter for one provider.
    pub(crate) fn tell_near(&self) {
        let all = self.registry.all();
        let listed = all.values().flat_map(|provider| provider.destinations.listed());
        let exact = listed.filter(|host| !host.text().starts_with('*')).cloned();
        self.upstream.may_be_near(self.private_hosts.iter().cloned().chain(exact).collect());
    }

    /// From now on it takes no new work.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether it is shutting down.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

/// That it can be made is tested.
fn description() -> Bytes {
    routes::openapi::text().unwrap_or_else(|error| {
        tracing::error!(%error, "the description of the API can't be written");
        Bytes::new()
    })
}
