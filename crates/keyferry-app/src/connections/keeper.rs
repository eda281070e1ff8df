//! Keeping every connection fresh ahead of its use, and telling providers of ended grants until they have heard.
//!
//! One task knows when each connection is due and sleeps until the first one is. Each provider's stand in a line of their own, of which a
//! few are at work at once: after a laptop's sleep all of them are due, and the provider must not hear them all in one second.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use keyferry_core::{
    id::{ConnectionId, ProviderName},
    refresh::{ConnectionState, Next, Schedule, Wanted, next},
};
use tokio::{
    sync::{Notify, broadcast},
    task::{self, JoinSet},
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

/// Changes that whoever works with tokens has not heard of yet. One that misses some looks at all connections.
const MOST_UNHEARD: usize = 1024;

/// Connections whose standing has changed since the keeper looked at them.
pub(super) struct News {
    changed: Mutex<HashSet<ConnectionId>>,
    told: Notify,
    /// The same, for whoever works with their tokens.
    heard: broadcast::Sender<ConnectionId>,
}

impl Default for News {
    fn default() -> Self {
        let (heard, _) = broadcast::channel(MOST_UNHEARD);
        Self { changed: Mutex::default(), told: Notify::default(), heard }
    }
}

impl News {
    pub(super) fn tell(&self, id: &ConnectionId) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        self.told.notify_one();
        // That nobody listens is fine.
        _ = self.heard.send(id.clone());
    }

    fn forget(&self, id: &ConnectionId) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn take(&self) -> HashSet<ConnectionId> {
        std::mem::take(&mut self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Connections {
    /// Connections whose standing, and perhaps tokens, have changed in this process, from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<ConnectionId> {
        self.0.news.heard.subscribe()
    }

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
    lines: HashMap<ProviderName, Line>,
    /// Those that could not be read, and when that is tried again.
    unread: Schedule<ConnectionId>,
    at_work: JoinSet<Pause>,
    /// Whom each task at work looks after.
    attended: HashMap<task::Id, (ProviderName, ConnectionId)>,
}

/// How long to leave a connection alone that somebody has looked after, where nothing came of it.
type Pause = Option<SignedDuration>;

/// The connections of one provider: when each is due, and those that somebody is at. What is due stays where it is until its turn comes,
/// for there may be very many.
#[derive(Default)]
struct Line {
    due: Schedule<ConnectionId>,
    at_work: HashSet<ConnectionId>,
}

impl Line {
    /// When the next one is to be looked after; none while enough are at work.
    fn first(&self) -> Option<Timestamp> {
        self.due.first().filter(|_| self.at_work.len() < AT_ONCE)
    }

    /// Takes one to be looked after.
    fn take(&mut self, now: Timestamp) -> Option<ConnectionId> {
        self.first()?;
        let id = self.due.take_due(now)?;
        self.at_work.insert(id.clone());
        Some(id)
    }

    /// Of one that somebody is at, its time is found out afterwards.
    fn set(&mut self, id: ConnectionId, due: Option<Timestamp>) {
        if !self.at_work.contains(&id) {
            self.due.set(id, due);
        }
    }
}

impl Keeper {
    fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            lines: HashMap::new(),
            unread: Schedule::default(),
            at_work: JoinSet::new(),
            attended: HashMap::new(),
        }
    }

    async fn run(&mut self) {
        self.look_at_all().await;
        let mut files = self.inner.providers.subscribe();
        let mut seen = (self.inner.now(), Instant::now());
        loop {
            self.begin();
            let pause = self.pause();
            tokio::select! {
                () = sleep(pause) => {}
                () = self.inner.news.told.notified() => {}
                Some(done) = self.at_work.join_next_with_id() => match done {
                    Ok((task, pause)) => self.finished(task, pause).await,
                    Err(error) => {
                        tracing::error!(%error, "a connection's refresh ended badly");
                        self.finished(error.id(), Some(STUCK)).await;
                    }
                },
                changed = files.changed() => if changed.is_ok() { self.look_at_all().await },
            }
            let now = (self.inner.now(), Instant::now());
            if has_jumped(seen, now) {
                tracing::info!("the clock has jumped; every connection is looked at anew");
                self.look_at_all().await;
            }
            seen = now;
            let mut changed = self.inner.news.take();
            changed.extend(std::iter::from_fn(|| self.unread.take_due(now.0)));
            for id in changed {
                self.look_at(&id, None).await;
            }
        }
    }

    /// Until the first connection is due.
    fn pause(&self) -> Duration {
        let first = self.lines.values().filter_map(Line::first).chain(self.unread.first()).min();
        let Some(due) = first else { return LONGEST_SLEEP };
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
        let mut lines: HashMap<ProviderName, Line> = HashMap::new();
        for (provider, id) in self.attended.values() {
            lines.entry(provider.clone()).or_default().at_work.insert(id.clone());
        }
        let mut lines = Some(lines);
        let all = self.inner.vault.outlines(move |all: &mut HashMap<_, Line>, outline| {
            if let Some(lines) = lines.take() {
                *all = lines;
            }
            let cut_off = interrupted.contains(&outline.id);
            let due = inner.due(&outline, cut_off);
            all.entry(outline.provider).or_default().set(outline.id, due);
        });
        match all.await {
            Ok(all) => self.lines = all,
            Err(error) => tracing::error!(%error, "it is not known which connections are due"),
        }
    }

    async fn look_at(&mut self, id: &ConnectionId, not_before: Option<Timestamp>) {
        match self.inner.vault.outlook(id).await {
            Ok(Some((outline, interrupted))) => {
                let due = self.inner.due(&outline, interrupted);
                let due = due.map(|due| not_before.map_or(due, |least| due.max(least)));
                self.lines.entry(outline.provider).or_default().set(outline.id, due);
            }
            Ok(None) => self.lines.values_mut().for_each(|line| line.set(id.clone(), None)),
            Err(error) => {
                tracing::error!(connection = %id, %error, "a connection can't be read");
                self.unread.set(id.clone(), self.inner.now().checked_add(AGAIN).ok());
            }
        }
    }

    /// Puts as many of each provider's connections to work as may be.
    fn begin(&mut self) {
        for (provider, line) in &mut self.lines {
            while let Some(id) = line.take(self.inner.now()) {
                let (inner, attended) = (Arc::clone(&self.inner), id.clone());
                let task = self.at_work.spawn(async move { inner.attend(&attended).await });
                self.attended.insert(task.id(), (provider.clone(), id));
            }
        }
    }

    async fn finished(&mut self, task: task::Id, pause: Pause) {
        let Some((provider, id)) = self.attended.remove(&task) else { return };
        if let Some(line) = self.lines.get_mut(&provider) {
            line.at_work.remove(&id);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ConnectionId {
        ConnectionId::from_entropy([number; 8])
    }

    #[test]
    fn no_more_of_a_line_are_at_work_than_may_be_and_none_twice() {
        let now = Timestamp::from_second(1_000).unwrap();
        let mut line = Line::default();
        (0..9).for_each(|number| line.set(id(number), Some(now)));
        let taken: Vec<_> = std::iter::from_fn(|| line.take(now)).collect();
        assert_eq!((taken.len(), line.first()), (AT_ONCE, None), "the others wait");
        // News of one that somebody is at.
        line.set(taken[0].clone(), Some(now));
        assert_eq!(line.due.len(), 9 - AT_ONCE);
        line.at_work.clear();
        let rest: Vec<_> = std::iter::from_fn(|| line.take(now)).collect();
        assert!(rest.len() == AT_ONCE && rest.iter().all(|id| !taken.contains(id)));
        line.at_work.clear();
        line.set(id(0), Some(Timestamp::MAX));
        assert_eq!(line.take(now).into_iter().count(), 1, "one is left");
        assert_eq!((line.take(now), line.first()), (None, Some(Timestamp::MAX)));
    }
}
