//! A token request that is made twice: the provider hears it once.
//!
//! A code or a rotated refresh token is spent by the first request. When its answer is lost on the way back, the sign-in would be lost
//! with it. So equal requests that are under way share one exchange, and the answer to a request with an [`IdempotencyKey`] is kept for
//! some minutes, sealed under that key, which the proxy does not keep.
//!
//! | question | file |
//! | --- | --- |
//! | when are two requests equal? | `identity.rs` |
//! | what opens a kept answer, and finds it? | `key.rs` |
//! | which answers are kept, and in which form? | `answer.rs` |
//! | how many, how long? | `kept.rs` |
//! | who waits for whom? | `under_way.rs` |

mod answer;
mod identity;
mod kept;
mod key;
mod under_way;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use keyferry_core::idempotency_key::{HEADER, IdempotencyKey};
use tokio::sync::watch;

use self::{
    answer::plaintext,
    kept::Kept,
    key::Keeper,
    under_way::{FlightId, UnderWay},
};
pub(crate) use self::{
    answer::{Answer, Granted},
    identity::Identity,
};
use crate::{
    admission::Caller,
    clock::{Clock, Moment},
    config::Limits,
    error::ProxyError,
    metrics::{Metrics, Replayed},
};

/// The answers that are under way, and those that are kept.
pub(crate) struct Replay {
    table: Arc<Mutex<Table>>,
    clock: Clock,
    metrics: Arc<Metrics>,
}

struct Table {
    kept: Kept,
    under_way: UnderWay,
}

/// A token request, before anything is done about it.
pub(crate) struct Asked<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) key: Option<&'a IdempotencyKey>,
    pub(crate) identity: Identity,
    /// Whether it shares an exchange with its equals although they have other keys, or none.
    pub(crate) shared: bool,
}

/// What is to be done about a request.
pub(crate) enum Turn {
    /// It is the first: the exchange is its own.
    Lead(Lead),
    /// An equal one is under way.
    Wait(Waiting),
    /// It was answered before.
    Kept(Answer, Duration),
}

/// The duty to make an exchange.
pub(crate) struct Lead(Option<Followed>);

/// An exchange whose answer others may wait for, or that is to be kept. Dropped before it is settled, as by a panic, it leaves no one
/// waiting.
struct Followed {
    flight: Option<FlightId>,
    answer: watch::Sender<Option<Arc<Answer>>>,
    table: Arc<Mutex<Table>>,
    clock: Clock,
    metrics: Arc<Metrics>,
}

/// The wait for the answer to an equal request.
pub(crate) struct Waiting(watch::Receiver<Option<Arc<Answer>>>);

/// The key that a request carries, if any.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ProxyError> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(only) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ProxyError::IdempotencyKey);
    }
    IdempotencyKey::from_header(only.as_bytes()).map(Some).map_err(|_| ProxyError::IdempotencyKey)
}

// === impl Replay ===

impl Replay {
    pub(crate) fn new(limits: &Limits, clock: Clock, metrics: Arc<Metrics>) -> Self {
        let table = Table { kept: Kept::new(limits), under_way: UnderWay::default() };
        Self { table: Arc::new(Mutex::new(table)), clock, metrics }
    }

    /// Finds out whether a request was answered before or is under way; else the exchange is the caller's to make.
    ///
    /// # Errors
    /// [`ProxyError::KeyReused`] when its key belongs to another request.
    pub(crate) fn begin(&self, asked: Asked<'_>) -> Result<Turn, ProxyError> {
        let keeper = |key| Keeper::new(asked.caller, key, asked.identity).ok_or(ProxyError::Internal);
        let keeper = asked.key.map(keeper).transpose()?;
        let now = self.clock.moment();
        let mut table = self.lock(now);
        let Table { kept, under_way } = &mut *table;
        if let Some(keeper) = &keeper {
            if let Some(found) = kept.get(keeper.place()) {
                let answer = found.open(keeper)?;
                self.metrics.replayed(Replayed::Kept);
                return Ok(Turn::Kept(answer, now.since(found.kept_at())));
            }
            if under_way.is_of_another(keeper) {
                return Err(ProxyError::KeyReused);
            }
        }
        let identity = asked.shared.then_some(asked.identity);
        let (answer, receiver) = watch::channel(None);
        let flight = match under_way.join(identity, keeper) {
            Ok(receiver) => {
                self.metrics.replayed(Replayed::Joined);
                return Ok(Turn::Wait(Waiting(receiver)));
            }
            Err(keeper) => under_way.begin(identity, keeper, receiver),
        };
        let (table, clock) = (Arc::clone(&self.table), self.clock.clone());
        let metrics = Arc::clone(&self.metrics);
        Ok(Turn::Lead(Lead(Some(Followed { flight, answer, table, clock, metrics }))))
    }

    /// Lets go of what has been kept long enough.
    pub(crate) fn sweep(&self) {
        drop(self.lock(self.clock.moment()));
    }

    fn lock(&self, now: Moment) -> MutexGuard<'_, Table> {
        let mut table = lock(&self.table);
        table.kept.expire(now);
        self.metrics.kept(table.kept.len(), table.kept.bytes());
        table
    }
}

// === impl Lead ===

impl Lead {
    /// That of an exchange which nobody else asks for and whose answer nobody keeps.
    pub(crate) const fn alone() -> Self {
        Self(None)
    }

    /// Gives the answer to all who asked, and keeps it for the first of those who have a key.
    pub(crate) fn settle(self, answer: Answer) -> Arc<Answer> {
        let answer = Arc::new(answer);
        if let Some(followed) = self.0 {
            followed.settle(&answer);
        }
        answer
    }
}

// === impl Followed ===

impl Followed {
    fn settle(mut self, answer: &Arc<Answer>) {
        if let Some(flight) = self.flight.take() {
            // Under one lock: whoever asks meanwhile finds the exchange under way or its answer kept, and never neither.
            let mut table = lock(&self.table);
            let keepers = table.under_way.end(flight);
            if !keepers.is_empty() {
                self.keep(&mut table.kept, &keepers, answer);
            }
        }
        self.answer.send_replace(Some(Arc::clone(answer)));
    }

    fn keep(&self, kept: &mut Kept, keepers: &[Keeper], answer: &Answer) {
        let Some(plaintext) = plaintext(answer) else { return };
        let now = self.clock.moment();
        for keeper in keepers {
            if let Some(sealed) = keeper.seal(&plaintext) {
                kept.insert(keeper, sealed, answer.is_ok(), now);
            }
        }
        self.metrics.kept(kept.len(), kept.bytes());
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            lock(&self.table).under_way.end(flight);
        }
    }
}

// === impl Waiting ===

impl Waiting {
    /// The answer, once it is there.
    pub(crate) async fn answer(mut self) -> Arc<Answer> {
        let found = self.0.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone());
        // The exchange ended in a defect.
        found.unwrap_or_else(|| Arc::new(Err(ProxyError::Internal)))
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
