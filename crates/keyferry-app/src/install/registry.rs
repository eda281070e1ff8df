//! Installs under way and those just over: a bounded number, for a bounded time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use keyferry_core::id::ServerName;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{InstallId, progress::Record};

/// Installs kept at once, those over included. A person has one or two.
const MOST: usize = 32;

/// How long an install that is over can still be asked about.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// All installs this app knows of.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    entries: Mutex<HashMap<InstallId, Entry>>,
}

#[derive(Debug)]
struct Entry {
    record: watch::Receiver<Record>,
    cancel: CancellationToken,
    begun: Instant,
}

/// Why an install can't be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// The same server is being installed.
    SameServer,
    /// Too many are under way.
    Full,
}

impl Registry {
    /// Takes an install in, and returns what cancels it.
    pub(super) fn admit(
        &self,
        id: InstallId,
        server: &ServerName,
        record: watch::Receiver<Record>,
    ) -> Result<CancellationToken, NoRoom> {
        let mut entries = self.lock();
        entries.retain(|_, entry| !entry.is_over() || entry.begun.elapsed() < KEPT);
        if entries.values().any(|entry| !entry.is_over() && entry.record.borrow().server() == server) {
            return Err(NoRoom::SameServer);
        }
        if entries.len() >= MOST {
            let oldest = entries.iter().filter(|(_, entry)| entry.is_over()).min_by_key(|(_, entry)| entry.begun);
            let oldest = oldest.map(|(id, _)| *id).ok_or(NoRoom::Full)?;
            entries.remove(&oldest);
        }
        let cancel = CancellationToken::new();
        entries.insert(id, Entry { record, cancel: cancel.clone(), begun: Instant::now() });
        Ok(cancel)
    }

    /// The record of an install.
    pub(crate) fn watch(&self, id: InstallId) -> Option<watch::Receiver<Record>> {
        self.lock().get(&id).map(|entry| entry.record.clone())
    }

    /// Asks an install to end, and returns its record. One that is over is forgotten.
    pub(crate) fn cancel(&self, id: InstallId) -> Option<watch::Receiver<Record>> {
        let mut entries = self.lock();
        let entry = entries.get(&id)?;
        entry.cancel.cancel();
        let record = entry.record.clone();
        if entry.is_over() {
            entries.remove(&id);
        }
        Some(record)
    }

    /// Asks every install to end.
    pub(crate) fn cancel_all(&self) {
        for entry in self.lock().values() {
            entry.cancel.cancel();
        }
    }

    /// A panic while the map was held leaves it whole: each change is one operation.
    fn lock(&self) -> MutexGuard<'_, HashMap<InstallId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_over(&self) -> bool {
        self.record.borrow().is_over()
    }
}
