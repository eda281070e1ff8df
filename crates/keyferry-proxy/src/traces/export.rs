//! Sends spans to the collector, a batch at a time, on a task of its own.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use opentelemetry_proto::{
    tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    transform::{
        common::tonic::ResourceAttributesWithSchema, trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::{Resource, trace::SpanData};
use prost::Message;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::queue::Queue;
use crate::{
    config::TraceExport,
    metrics::Metrics,
    upstream::{Collector, NotTaken},
};

/// How often a batch is sent before it is given up: while it waits the queue fills, and the newest spans are dropped instead.
const TRIES: u32 = 5;
/// The pause before a batch is sent again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that a collector can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The task.
pub(super) struct Export {
    queue: Arc<Queue>,
    collector: Arc<Collector>,
    resource: Arc<ResourceAttributesWithSchema>,
    pause: Duration,
    metrics: Arc<Metrics>,
    /// Whether the log has it that the collector takes no spans.
    told: bool,
}

// === impl Export ===

impl Export {
    pub(super) fn new(
        config: &TraceExport,
        queue: Arc<Queue>,
        collector: Arc<Collector>,
        resource: &Resource,
        metrics: Arc<Metrics>,
    ) -> Self {
        let resource = Arc::new(resource.into());
        Self { queue, collector, resource, pause: config.pause, metrics, told: false }
    }

    /// Sends until `stop`, and what waits then.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.queue.complete() => {}
                () = sleep(self.pause) => {}
            }
            // Looked at once: what comes in until then is sent, whenever the end comes.
            let ends = stop.is_cancelled();
            loop {
                let (batch, more) = self.queue.take();
                if batch.is_empty() {
                    break;
                }
                self.deliver(batch, &stop).await;
                if !more && !ends {
                    break;
                }
            }
            if ends {
                return;
            }
        }
    }

    /// Sends a batch, again where that may help, and counts what became of it.
    async fn deliver(&mut self, batch: Vec<SpanData>, stop: &CancellationToken) {
        let spans = batch.len() as u64;
        let Some(request) = self.encode(batch).await else { return self.metrics.spans_dropped(spans) };
        let mut pause = FIRST_PAUSE.min(self.pause);
        for attempt in 1..=TRIES {
            // Who is told to end has one try left.
            let last = attempt == TRIES || stop.is_cancelled();
            match self.collector.send(request.clone()).await {
                Ok(answer) => {
                    let rejected = rejected(&answer).min(spans);
                    self.metrics.spans_exported(spans - rejected);
                    self.metrics.spans_dropped(rejected);
                    return self.taken(rejected);
                }
                Err(error) => {
                    self.not_taken(&error);
                    let Some(asked) = error.again_after().filter(|_| !last) else { break };
                    let _ = stop.run_until_cancelled(sleep(asked.min(LONGEST_PAUSE).max(pause))).await;
                    pause *= 2;
                }
            }
        }
        self.metrics.spans_dropped(spans);
    }

    /// Off the proxy's one thread: a full batch takes milliseconds, in which nobody would be served. None only for a defect.
    async fn encode(&self, batch: Vec<SpanData>) -> Option<Bytes> {
        let resource = Arc::clone(&self.resource);
        let encoded = tokio::task::spawn_blocking(move || {
            let resource_spans = group_spans_by_resource_and_scope(batch, &resource);
            ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
        });
        encoded.await.ok()
    }

    fn taken(&mut self, rejected: u64) {
        if rejected > 0 {
            tracing::warn!(spans = rejected, "the collector rejected spans");
        }
        self.queue.flows();
        if std::mem::take(&mut self.told) {
            tracing::info!("the collector takes spans again");
        }
    }

    /// Told once for each time that the collector goes away.
    fn not_taken(&mut self, error: &NotTaken) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(%error, "the collector takes no spans: more than wait for it are dropped until it does");
        }
    }
}

/// How many spans an answer says were rejected. One that makes no sense rejects none: the status has the say.
fn rejected(answer: &[u8]) -> u64 {
    let read = ExportTraceServiceResponse::decode(answer).ok().and_then(|answer| answer.partial_success);
    read.map_or(0, |partly| u64::try_from(partly.rejected_spans).unwrap_or(0))
}
