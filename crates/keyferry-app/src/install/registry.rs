//! Installs under way and those just over: a bounded number, for a bounded time.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use keyferry_core::id::ServerName;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    audience::{Audience, Listening, PATIENCE},
    progress::Record,
};
use crate::{
    api::dto::{InstallRequest, InstallState},
    ticket::Ticket,
};

/// Installs kept at once, those over included. A person has one or two.
const MOST: usize = 32;

/// How long an install that is over can still be asked about.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// How long a cancelled install may take to undo what it had begun.
pub(crate) const UNDO_LIMIT: Duration = Duration::from_secs(15);

/// All installs this app knows of.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    entries: Mutex<HashMap<Ticket, Entry>>,
}

#[derive(Debug)]
struct Entry {
    record: watch::Receiver<Record>,
    cancel: CancellationToken,
    audience: Audience,
    begun: Instant,
    asked: Asked,
}

/// What was asked for, so that it can be tried again. Its settings may be secrets.
struct Asked(InstallRequest);

impl fmt::Debug for Asked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Asked")
    }
}

/// An install that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnderWay {
    /// Its id.
    pub(crate) id: Ticket,
    /// The server.
    pub(crate) server: ServerName,
    /// Whether it waits for the person.
    pub(crate) waits: bool,
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
        id: Ticket,
        server: &ServerName,
        record: watch::Receiver<Record>,
        asked: InstallRequest,
    ) -> Result<CancellationToken, NoRoom> {
        let mut entries = self.lock();
        entries.retain(|_, entry| !entry.is_over() || entry.begun.elapsed() < KEPT);
        if entries.values().any(|entry| !entry.is_over() && entry.record.borrow().server() == server) {
            return Err(NoRoom::SameServer);
        }
        if entries.len() >= MOST {
            let oldest =
                entries.iter().filter(|(_, entry)| entry.is_over()).min_by_key(|(_, entry)| entry.begun);
            let oldest = oldest.map(|(id, _)| *id).ok_or(NoRoom::Full)?;
            entries.remove(&oldest);
        }
        let cancel = CancellationToken::new();
        let (cancelled, audience) = (cancel.clone(), Audience::default());
        let (begun, asked) = (Instant::now(), Asked(asked));
        entries.insert(id, Entry { record, cancel: cancelled, audience, begun, asked });
        Ok(cancel)
    }

    /// The record of an install, for somebody who waits for news of it.
    pub(crate) fn watch(&self, id: Ticket) -> Option<(watch::Receiver<Record>, Listening)> {
        self.lock().get(&id).map(|entry| (entry.record.clone(), entry.audience.listen()))
    }

    /// Those that are not over, oldest first.
    pub(crate) fn under_way(&self) -> Vec<UnderWay> {
        let entries = self.lock();
        let mut found: Vec<_> = entries.iter().filter(|(_, entry)| !entry.is_over()).collect();
        found.sort_by_key(|(_, entry)| entry.begun);
        let told = |(id, entry): (&Ticket, &Entry)| {
            let record = entry.record.borrow();
            let waits = record.shown().state == InstallState::WaitingForPerson;
            UnderWay { id: *id, server: record.server().clone(), waits }
        };
        found.into_iter().map(told).collect()
    }

    /// What an install was asked for.
    pub(crate) fn asked(&self, id: Ticket) -> Option<InstallRequest> {
        self.lock().get(&id).map(|entry| entry.asked.0.clone())
    }

    /// Ends the install of a server that nobody waits for any more, such as one whose command was killed, and says whether it did. To
    /// find out takes a while.
    pub(super) async fn end_abandoned(&self, server: &ServerName) -> bool {
        let of_server = |entry: &&Entry| !entry.is_over() && entry.record.borrow().server() == server;
        let found = self
            .lock()
            .values()
            .find(of_server)
            .map(|entry| (entry.audience.clone(), entry.cancel.clone(), entry.record.clone()));
        let Some((audience, cancel, mut record)) = found else { return true };
        if !audience.has_gone(PATIENCE).await {
            return false;
        }
        tracing::info!(%server, "an install is cancelled, for nobody waits for it any more");
        cancel.cancel();
        tokio::time::timeout(UNDO_LIMIT, record.wait_for(Record::is_over)).await.is_ok()
    }

    /// Asks an install to end, and returns its record. One that is over is forgotten.
    pub(crate) fn cancel(&self, id: Ticket) -> Option<watch::Receiver<Record>> {
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
    fn lock(&self) -> MutexGuard<'_, HashMap<Ticket, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_over(&self) -> bool {
        self.record.borrow().is_over()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::dto::Problem, clock::Clock, install::progress::Progress};

    /// The next install of this registry, of a server of its own.
    fn admit(registry: &Registry, number: u8) -> (Ticket, Result<Progress, NoRoom>) {
        let id = Ticket::from_entropy([number; 16]);
        let server: ServerName = format!("server-{number}").parse().unwrap();
        let progress = Progress::new(id, server.clone(), String::new(), Clock::system());
        let asked = InstallRequest {
            manifest: crate::api::dto::ManifestChoice::Named(server.to_string()),
            settings: [("key".to_owned(), "a secret".into())].into(),
            auth: None,
            config: Default::default(),
            connection: None,
            runtime: None,
            network: None,
            open_browser: false,
            window: Default::default(),
        };
        (id, registry.admit(id, &server, progress.watch(), asked).map(|_| progress))
    }

    #[test]
    fn installs_under_way_are_bounded_and_those_over_make_room() {
        let registry = Registry::default();
        let most = u8::try_from(MOST).unwrap();
        let running: Vec<_> = (0..most).map(|number| admit(&registry, number).1.unwrap()).collect();
        assert_eq!(admit(&registry, most).1.unwrap_err(), NoRoom::Full);
        running[3].fail(Problem::new("failed", "it failed"));
        assert!(registry.watch(Ticket::from_entropy([3; 16])).is_some());
        let (id, admitted) = admit(&registry, most);
        let _admitted = admitted.unwrap();
        assert!(registry.watch(id).is_some());
        assert!(registry.watch(Ticket::from_entropy([3; 16])).is_none());
    }

    #[test]
    fn a_server_is_installed_by_one_install_at_a_time() {
        let registry = Registry::default();
        let first = admit(&registry, 1).1.unwrap();
        assert_eq!(admit(&registry, 1).1.unwrap_err(), NoRoom::SameServer);
        drop(first);
        assert!(admit(&registry, 1).1.is_ok());
    }

    #[test]
    fn what_was_asked_for_is_known_and_never_printed() {
        let registry = Registry::default();
        let (id, progress) = admit(&registry, 1);
        assert_eq!(registry.under_way().len(), 1);
        assert_eq!(registry.asked(id).unwrap().settings["key"], "a secret");
        assert!(!format!("{registry:?}").contains("a secret"));
        drop(progress);
        assert!(registry.under_way().is_empty());
    }

    #[test]
    fn what_is_cancelled_after_its_end_is_forgotten() {
        let registry = Registry::default();
        let (id, progress) = admit(&registry, 1);
        let progress = progress.unwrap();
        assert!(!registry.cancel(id).unwrap().borrow().is_over());
        drop(progress);
        assert!(registry.cancel(id).unwrap().borrow().is_over());
        assert!(registry.cancel(id).is_none());
    }
}
