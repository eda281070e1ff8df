//! Traces by OTLP, for operators who have a collector; off unless they name it.
//!
//! One span for each request, and under it one for each request to a provider. A span holds what the access log holds, and of a
//! provider scheme, host and port. It holds nothing else that anyone sent: no code, token, state, query or path. Spans wait in a bounded
//! queue, from which a task of its own sends them; where the collector is away or slow they are dropped and counted, and no request waits
//! for it.
//!
//! The trace of a caller (W3C Trace Context) goes on here only for the holder of an access key. Anyone else could have the proxy record as
//! much as they like, or spoil another's trace: theirs is told in a link, and whether it is recorded is the proxy's own decision. Providers
//! are told of no trace: it is none of their business.

mod export;
mod parent;
mod provider;
mod queue;
mod request;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::{InstrumentationScope, KeyValue, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    resource::TelemetryResourceDetector,
    trace::{Sampler, SdkTracer, SdkTracerProvider, SpanLimits},
};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    export::Export,
    queue::{Intake, Queue},
};
pub(crate) use self::{parent::Parent, request::RequestSpan};
use crate::{
    config::{Limits, Outside, Sampling, TraceExport},
    metrics::Metrics,
    start_error::StartError,
    upstream::Collector,
};

/// Makes spans, and has them sent.
pub(crate) struct Traces {
    tracer: SdkTracer,
    collector: Arc<Collector>,
    export: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

// === impl Traces ===

impl Traces {
    /// Starts the task that sends them. Needs tokio around it.
    pub(crate) fn start(
        config: &TraceExport,
        limits: &Limits,
        outside: &Outside,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let collector = Arc::new(Collector::new(config, limits, outside)?);
        let queue = Arc::new(Queue::new(config.queue, config.batch, Arc::clone(metrics)));
        let resource = resource(config);
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler(config.sampling))
            // Said outright, like the resource: the SDK would look at the environment of the process.
            .with_span_limits(SpanLimits::default())
            .with_resource(resource.clone())
            .with_span_processor(Intake(Arc::clone(&queue)))
            .build();
        let scope = InstrumentationScope::builder("keyferry-proxy").with_version(env!("CARGO_PKG_VERSION"));
        let tracer = provider.tracer_with_scope(scope.build());
        let stop = CancellationToken::new();
        let export = Export::new(config, queue, Arc::clone(&collector), &resource, Arc::clone(metrics));
        let export = Mutex::new(Some(tokio::spawn(export.run(stop.clone()))));
        Ok(Self { tracer, collector, export, _stop_on_drop: stop.clone().drop_guard(), stop })
    }

    /// Where they go.
    pub(crate) fn collector(&self) -> &Collector {
        &self.collector
    }

    /// Sends what waits, and ends. What is not taken within the limit is lost.
    pub(crate) async fn finish(&self, limit: Duration) {
        self.stop.cancel();
        let export = self.export.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut export) = export else { return };
        if timeout(limit, &mut export).await.is_err() {
            export.abort();
            tracing::warn!("the collector did not take the last spans in time; they are lost");
        }
    }
}

/// What spans are told to be of: what the operator says, the version, and an id, so that one proxy can be told from another.
fn resource(config: &TraceExport) -> Resource {
    let mut id = [0; 16];
    // Without randomness proxies can't be told apart by it, which is a pity and no more.
    let _ = getrandom::fill(&mut id);
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", format!("{:032x}", u128::from_ne_bytes(id))))
        .with_attributes(
            config.resource.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone())),
        )
        .build()
}

fn sampler(sampling: Sampling) -> Sampler {
    let root = Sampler::TraceIdRatioBased(sampling.ratio);
    if sampling.parent_decides { Sampler::ParentBased(Box::new(root)) } else { root }
}
