//! Spans that have ended and wait to be sent: as many as are allowed, and no more.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use tokio::sync::Notify;

use crate::metrics::Metrics;

/// The queue's end at which spans come in.
#[derive(Debug)]
pub(super) struct Intake(pub(super) Arc<Queue>);

/// The queue. Nobody waits at it: where it is full, a span is dropped and counted.
pub(super) struct Queue {
    waiting: Mutex<VecDeque<SpanData>>,
    most: usize,
    batch: usize,
    /// Rings when a batch is complete.
    complete: Notify,
    /// Whether the log has it that some were dropped.
    told: AtomicBool,
    metrics: Arc<Metrics>,
}

// === impl Queue ===

impl Queue {
    pub(super) fn new(most: usize, batch: usize, metrics: Arc<Metrics>) -> Self {
        let (waiting, complete, told) = (Mutex::default(), Notify::new(), AtomicBool::new(false));
        Self { waiting, most, batch, complete, told, metrics }
    }

    /// Waits until a batch is complete.
    pub(super) async fn complete(&self) {
        self.complete.notified().await;
    }

    /// The next batch, as far as there is one, and whether as many wait behind it.
    pub(super) fn take(&self) -> (Vec<SpanData>, bool) {
        let mut waiting = self.waiting();
        let length = waiting.len().min(self.batch);
        let batch = waiting.drain(..length).collect();
        (batch, waiting.len() >= self.batch)
    }

    /// Notes that the collector takes spans again: the next one that is dropped is told of.
    pub(super) fn flows(&self) {
        self.told.store(false, Ordering::Relaxed);
    }

    fn push(&self, span: SpanData) {
        let mut waiting = self.waiting();
        if waiting.len() < self.most {
            waiting.push_back(span);
            if waiting.len() == self.batch {
                self.complete.notify_one();
            }
            return;
        }
        drop(waiting);
        self.metrics.spans_dropped(1);
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!("more spans end than the collector takes; some are dropped until it takes them");
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<SpanData>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Intake ===

impl SpanProcessor for Intake {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Queue")
    }
}
