//! What all requests share.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio_util::task::TaskTracker;

use crate::{
    admission::Admission,
    config::{Limits, ProxyConfig},
    metrics::Metrics,
    pace::Pace,
    registry::Registry,
    request_id::RequestIds,
    routes,
    seal::Sealer,
    start_error::StartError,
    upstream::Upstream,
};

/// A running proxy, without its sockets.
pub(crate) struct ProxyState {
    pub(crate) registry: Registry,
    pub(crate) upstream: Upstream,
    pub(crate) admission: Admission,
    pub(crate) sealer: Sealer,
    pub(crate) pace: Pace,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) ids: RequestIds,
    /// Exchanges whose caller has gone. A shutdown waits for them.
    pub(crate) tasks: TaskTracker,
    /// The text of `/openapi.json`.
    pub(crate) description: Bytes,
    draining: AtomicBool,
}

// === impl ProxyState ===

impl ProxyState {
    pub(crate) fn new(config: &ProxyConfig) -> Result<Self, StartError> {
        Ok(Self {
            registry: Registry::new(config)?,
            upstream: Upstream::new(&config.limits)?,
            admission: Admission::new(config.access.clone()),
            sealer: Sealer::new(config.sealing.as_ref()),
            pace: Pace::new(&config.limits),
            limits: config.limits.clone(),
            metrics: Metrics::new(),
            ids: RequestIds::default(),
            tasks: TaskTracker::new(),
            description: routes::openapi::text()?,
            draining: AtomicBool::new(false),
        })
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
