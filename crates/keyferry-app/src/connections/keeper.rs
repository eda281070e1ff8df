//! Keeping every connection fresh ahead of its use, and telling providers of ended grants until they have heard.
//!
//! One task knows when each connection is due and sleeps until the first one is. Due ones wait in a line of their provider's, of which a
//! few are at work at once: after a laptop's sleep all of them are due, and the provider must not hear them all in one second.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use keyferry_core::{
    id::{ConnectionId, ProviderName},
    refresh::{ConnectionState, Next, Schedule, Wanted, next},
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{ConnectionError, Connections, Inner};
use crate::vault::Outline;

/// How many connections of one provider are refreshed at once.
const AT_ONCE: usize = 4;

/// How long it sleeps at most. A timer does not count the time that the machine sleeps, so the clock is looked at now and then.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How long nothing is tried where an attempt came to nothing without leaving a word in the vault, for the vault itself may be what fails.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// How long a connection is left alone that can't be refreshed as things stand: its provider file is gone, or names another service.
const STUCK: SignedDuration = SignedDuration::from_mins(10);

/// How far clock and timer may differ before the clock is taken to have jumped.
const JUMP: SignedDuration = SignedDuration::from_secs(5);

/// Connections whose standing has changed since the keeper looked at them.
#[derive(Default)]
pub(super) struct News {
    changed: Mutex<HashSet<ConnectionId>>,
    told: Notify,
}

impl News {
    pub(super) fn tell(&self, id: &ConnectionId) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        self.told.notify_one();
    }

    fn forget(&self, id: &ConnectionId) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn take(&self) -> HashSet<ConnectionId> {
        std::mem::take(&mut self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Connections {
    /// Keeps all connections fresh until it is told to end. What is under way then goes on to its end.
    pub async fn keep_fresh(&self, ending: CancellationToken) {
        let mut keeper = Keeper::new(Arc::clone(&self.0));
        tokio::select! {
            () = keeper.run() => {}
            () = ending.cancelled() => keeper.at_work.detach_all(),
        }
    }
}

struct Keeper {
    inner: Arc<Inner>,
    schedule: Schedule<ConnectionId>,
    lines: HashMap<ProviderName, Line>,
    /// Those that stand in a line or are at work.
    under_way: HashSet<ConnectionId>,
    at_work: JoinSet<Attended>,
}

/// A connection that somebody has looked after.
struct Attended {
    id: ConnectionId,
    provider: ProviderName,
    /// How long to leave it alone, where nothing came of it.
    pause: Option<SignedDuration>,
}

/// The connections of one provider that are due.
#[derive(Default)]
struct Line {
    waiting: VecDeque<ConnectionId>,
    at_work: usize,
}

impl Keeper {
    fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            schedule: Schedule::default(),
            lines: HashMap::new(),
            under_way: HashSet::new(),
            at_work: JoinSet::new(),
        }
    }

    async fn run(&mut self) {
        self.look_at_all().await;
        let mut files = self.inner.providers.subscribe();
        let mut seen = (self.inner.now(), Instant::now());
        loop {
            let pause = self.pause();
            tokio::select! {
                () = sleep(pause) => {}
                () = self.inner.news.told.notified() => {}
                Some(done) = self.at_work.join_next() => match done {
                    Ok(attended) => self.finished(attended).await,
                    Err(error) => tracing::error!(%error, "a connection's refresh ended badly"),
                },
                changed = files.changed() => if changed.is_ok() { self.look_at_all().await },
            }
            let now = (self.inner.now(), Instant::now());
            if has_jumped(seen, now) {
                tracing::info!("the clock has jumped; every connection is looked at anew");
                self.look_at_all().await;
            }
            seen = now;
            for id in self.inner.news.take() {
                self.look_at(&id, None).await;
            }
            while let Some(id) = self.schedule.take_due(self.inner.now()) {
                self.line_up(id).await;
            }
        }
    }

    /// Until the first connection is due.
    fn pause(&self) -> Duration {
        let Some(due) = self.schedule.first() else { return LONGEST_SLEEP };
        let until = due.duration_since(self.inner.now());
        until.max(SignedDuration::ZERO).unsigned_abs().min(LONGEST_SLEEP)
    }

    /// Asks the rule about every connection. Those that were cut off by a crash are due at once.
    async fn look_at_all(&mut self) {
        let interrupted: HashSet<_> = match self.inner.vault.interrupted().await {
            Ok(found) => found.into_iter().collect(),
            Err(error) => {
                tracing::error!(%error, "it is not known which refreshes were cut off");
                HashSet::new()
            }
        };
        let inner = Arc::clone(&self.inner);
        let all = self.inner.vault.outlines(move |schedule: &mut Schedule<_>, outline| {
            let cut_off = interrupted.contains(&outline.id);
            let due = inner.due(&outline, cut_off);
            schedule.set(outline.id, due);
        });
        match all.await {
            Ok(schedule) => self.schedule = schedule,
            Err(error) => tracing::error!(%error, "it is not known which connections are due"),
        }
    }

    async fn look_at(&mut self, id: &ConnectionId, not_before: Option<Timestamp>) {
        let due = match self.inner.vault.outlook(id).await {
            Ok(Some((outline, interrupted))) => self.inner.due(&outline, interrupted),
            Ok(None) => None,
            Err(error) => {
                tracing::error!(connection = %id, %error, "a connection can't be read");
                self.inner.now().checked_add(AGAIN).ok()
            }
        };
        self.schedule.set(id.clone(), due.map(|due| not_before.map_or(due, |least| due.max(least))));
    }

    async fn line_up(&mut self, id: ConnectionId) {
        let Ok(Some(provider)) = self.inner.vault.provider_of(&id).await else { return };
        if self.under_way.insert(id.clone()) {
            self.lines.entry(provider.clone()).or_default().waiting.push_back(id);
            self.begin(&provider);
        }
    }

    /// Puts as many of a provider's line to work as may be.
    fn begin(&mut self, provider: &ProviderName) {
        let Some(line) = self.lines.get_mut(provider) else { return };
        while line.at_work < AT_ONCE {
            let Some(id) = line.waiting.pop_front() else { break };
            line.at_work += 1;
            let (inner, provider) = (Arc::clone(&self.inner), provider.clone());
            self.at_work.spawn(async move {
                let pause = inner.attend(&id).await;
                Attended { id, provider, pause }
            });
        }
        if line.at_work == 0 {
            self.lines.remove(provider);
        }
    }

    async fn finished(&mut self, attended: Attended) {
        let Attended { id, provider, pause } = attended;
        self.under_way.remove(&id);
        if let Some(line) = self.lines.get_mut(&provider) {
            line.at_work -= 1;
        }
        self.begin(&provider);
        // It tells the same.
        self.inner.news.forget(&id);
        let not_before = pause.and_then(|pause| self.inner.now().checked_add(pause).ok());
        self.look_at(&id, not_before).await;
    }
}

fn has_jumped(before: (Timestamp, Instant), now: (Timestamp, Instant)) -> bool {
    let clock = now.0.duration_since(before.0);
    let timer = SignedDuration::try_from(now.1.duration_since(before.1)).unwrap_or(SignedDuration::MAX);
    (clock - timer).abs() > JUMP
}

impl Inner {
    /// When a connection is due by itself.
    fn due(&self, outline: &Outline, interrupted: bool) -> Option<Timestamp> {
        let now = self.now();
        match next(&self.standing_of(outline, interrupted), Wanted::Ahead, now) {
            Next::Refresh | Next::Revoke => Some(now),
            Next::Wait(until) => Some(until),
            Next::Rest(until) => until,
            Next::SignIn => None,
        }
    }

    /// Does for a connection what is due. What fails is noted where it fails, and waits for its next time; what could not even be noted
    /// waits for as long as is told.
    async fn attend(self: &Arc<Self>, id: &ConnectionId) -> Option<SignedDuration> {
        let done = match self.vault.outline(id).await {
            Ok(Some(outline)) => match outline.state {
                ConnectionState::Active => self.spend(id, Wanted::Ahead).await.map(drop),
                ConnectionState::RevocationPending => self.end(id, Wanted::Ahead).await.map(drop),
                ConnectionState::NeedsSignIn => Ok(()),
            },
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        let error = done.err()?;
        match &error {
            ConnectionError::Paused { .. }
            | ConnectionError::Unknown(_)
            | ConnectionError::NeedsSignIn(_) => None,
            ConnectionError::Proxy(_) => {
                tracing::warn!(connection = %id, %error, hint = error.hint(), "a refresh failed, and is tried again");
                None
            }
            ConnectionError::Vault(_) | ConnectionError::Closing => {
                tracing::error!(connection = %id, %error, hint = error.hint(), "a connection could not be kept fresh");
                Some(AGAIN)
            }
            _ => {
                tracing::warn!(connection = %id, %error, hint = error.hint(), "a connection can't be kept fresh");
                Some(STUCK)
            }
        }
    }
}
