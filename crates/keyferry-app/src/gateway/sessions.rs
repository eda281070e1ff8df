//! The sessions of clients: whose they are, how many, and when they end.
//!
//! The id of a session is no proof of anything (MCP, "Session hijacking"): who did not open a session finds none. Versions of the
//! protocol from 2026-07-28 on have none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rmcp::transport::streamable_http_server::{
    SessionManager as _,
    session::local::{LocalSessionManager, SessionConfig},
};
use tokio::time::Instant;

use super::gate::Scope;
use crate::{api::Caller, engine::Engine};

/// Sessions at once. One person's clients need a few; each may hold one connection open, of which the listener has 256.
const MOST: usize = 100;
/// A session that is not used, and that holds no stream open, ends after this long.
const IDLE: Duration = Duration::from_secs(3_600);
/// How often idle sessions are looked for.
const SWEEP: Duration = Duration::from_secs(60);

/// Clones are the same sessions.
#[derive(Clone)]
pub(crate) struct Sessions {
    pub(super) manager: Arc<LocalSessionManager>,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    open: HashMap<String, Entry>,
    /// Sessions about to be opened.
    opening: usize,
}

struct Entry {
    caller: Caller,
    scope: Scope,
    used: Instant,
    /// Answers and streams under way.
    streams: usize,
    /// How often a stream was taken up again.
    resumed: usize,
}

/// A place for a session that is about to be opened.
pub(super) struct Place(Arc<Mutex<Book>>);

/// An answer under way in a session.
pub(super) struct Stream {
    book: Arc<Mutex<Book>>,
    id: String,
}

impl Default for Sessions {
    fn default() -> Self {
        let mut manager = LocalSessionManager::default();
        // `sweep` ends sessions, for it knows of the streams that are open.
        let mut config = SessionConfig::default();
        config.keep_alive = None;
        manager.session_config = config;
        Self { manager: Arc::new(manager), book: Arc::default() }
    }
}

impl Sessions {
    /// A place for one more session: the longest idle makes room. None when all are in use.
    pub(super) async fn place(&self) -> Option<Place> {
        let evicted = {
            let mut book = self.lock();
            let full = book.open.len() + book.opening >= MOST;
            let idle = book.open.iter().filter(|(_, entry)| entry.streams == 0);
            let longest = idle.min_by_key(|(_, entry)| entry.used).map(|(id, _)| id.clone());
            let evicted = if full { Some(longest?) } else { None };
            if let Some(id) = &evicted {
                book.open.remove(id);
            }
            book.opening += 1;
            evicted
        };
        let place = Place(Arc::clone(&self.book));
        if let Some(id) = evicted {
            self.close(&id).await;
        }
        Some(place)
    }

    /// Notes a session that was opened.
    pub(super) fn opened(&self, id: &str, caller: Caller, scope: Scope) {
        let entry = Entry { caller, scope, used: Instant::now(), streams: 0, resumed: 0 };
        self.lock().open.insert(id.to_owned(), entry);
    }

    /// Whether this caller opened this session, for this scope. It counts as used.
    pub(super) fn admit(&self, id: &str, caller: Caller, scope: &Scope) -> bool {
        let mut book = self.lock();
        let Some(entry) = book.open.get_mut(id) else { return false };
        if entry.caller != caller || entry.scope != *scope {
            return false;
        }
        entry.used = Instant::now();
        true
    }

    /// Notes an answer that begins. It ends when it is dropped.
    pub(super) fn stream(&self, id: &str) -> Stream {
        if let Some(entry) = self.lock().open.get_mut(id) {
            entry.streams += 1;
        }
        Stream { book: Arc::clone(&self.book), id: id.to_owned() }
    }

    /// A client came back for the rest of a stream.
    pub(super) fn resume(&self, id: &str) {
        if let Some(entry) = self.lock().open.get_mut(id) {
            entry.resumed += 1;
        }
    }

    /// Grows each time that a client comes back.
    pub(super) fn resumed(&self, id: &str) -> usize {
        self.lock().open.get(id).map_or(0, |entry| entry.resumed)
    }

    async fn close(&self, id: &str) {
        if let Err(error) = self.manager.close_session(&id.into()).await {
            tracing::debug!(%error, "a session was not closed");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the sessions that have been idle for too long, and forgets those that have ended.
    async fn sweep(&self) {
        let known: Vec<(String, bool)> = {
            let book = self.lock();
            let idle = |entry: &Entry| entry.streams == 0 && entry.used.elapsed() > IDLE;
            book.open.iter().map(|(id, entry)| (id.clone(), idle(entry))).collect()
        };
        for (id, idle) in known {
            let there = self.manager.has_session(&id.as_str().into()).await.unwrap_or(false);
            if idle && there {
                self.close(&id).await;
            }
            if idle || !there {
                self.lock().open.remove(&id);
            }
        }
    }
}

/// Keeps the number of sessions and of held calls down, for as long as the app runs.
pub(crate) async fn sweep(engine: Arc<Engine>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => {
                engine.gateway.sessions.sweep().await;
                engine.gateway.rounds.sweep(Instant::now());
            }
            () = engine.ending.cancelled() => return,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).opening -= 1;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = book.open.get_mut(&self.id) {
            entry.streams = entry.streams.saturating_sub(1);
            entry.used = Instant::now();
        }
    }
}
