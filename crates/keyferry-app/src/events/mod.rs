//! Word of what has changed, for whoever shows it: a page, a program.
//!
//! A change names a thing and says nothing of it: whoever wants to know asks the API. So the newest change of a thing stands for all of
//! them, what is kept is bounded by the number of things, and a slow listener has no queue that could grow: it reads on from the number
//! that it knows.

mod gather;
mod journal;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyferry_core::id::{ConnectionId, ServerName};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub(crate) use gather::{gather, tell_while};
use journal::Journal;

use crate::{
    api::dto::{Event, EventKind},
    ticket::Ticket,
};

/// Listeners at once. Each holds a connection of the listener, and others must find one.
const MOST_LISTENERS: usize = 32;

/// A thing that has changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    /// An installed server: its state, its settings, or whether it is there.
    Server(ServerName),
    /// A connection, or whether it is there.
    Connection(ConnectionId),
    /// An install under way.
    Install(Ticket),
    /// A sign-in under way.
    SignIn(Ticket),
    /// The manifests, or what their sources say.
    Catalog,
    /// The providers.
    Providers,
    /// The MCP clients that are connected.
    Clients,
    /// The settings.
    Settings,
}

/// What changed since the app began.
#[derive(Debug)]
pub(crate) struct Events {
    /// Which app this is: the numbers of another mean nothing here.
    epoch: u64,
    journal: Mutex<Journal>,
    newest: watch::Sender<u64>,
    listeners: Arc<Semaphore>,
}

/// Where a listener is in the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    epoch: u64,
    number: u64,
}

/// What a listener has not heard yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unheard {
    /// These, oldest first.
    Changes(Vec<(Place, Change)>),
    /// Nobody knows: whatever it shows has to be asked for anew. It goes on from here.
    Everything(Place),
}

// === impl Events ===

impl Events {
    /// No changes yet.
    pub(crate) fn new(epoch: [u8; 8]) -> Self {
        Self {
            epoch: u64::from_be_bytes(epoch),
            journal: Mutex::default(),
            newest: watch::Sender::new(0),
            listeners: Arc::new(Semaphore::new(MOST_LISTENERS)),
        }
    }

    /// Tells of a change. Never waits.
    pub(crate) fn tell(&self, change: Change) {
        let number = self.lock().add(change);
        self.newest.send_replace(number);
    }

    /// Tells that changes were missed, of which nobody knows any more which they were.
    pub(crate) fn lost_some(&self) {
        let number = self.lock().lose();
        self.newest.send_replace(number);
    }

    /// A place for a listener; none when there are too many.
    pub(crate) fn listen(&self) -> Option<(watch::Receiver<u64>, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.listeners).try_acquire_owned().ok()?;
        Some((self.newest.subscribe(), permit))
    }

    /// After all that was told so far.
    pub(crate) fn now(&self) -> Place {
        Place { epoch: self.epoch, number: self.lock().newest() }
    }

    /// What was told after a place.
    pub(crate) fn since(&self, place: Place) -> Unheard {
        let journal = self.lock();
        let at = |number| Place { epoch: self.epoch, number };
        match journal.since(place.number).filter(|_| place.epoch == self.epoch) {
            Some(changes) => {
                Unheard::Changes(changes.map(|(number, change)| (at(number), change.clone())).collect())
            }
            None => Unheard::Everything(at(journal.newest())),
        }
    }

    /// A panic while the journal was held leaves it usable: a change that was added half is told once more or not at all.
    fn lock(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Place ===

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:016x}-{}", self.epoch, self.number)
    }
}

impl std::str::FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, number) = text.split_once('-').filter(|(epoch, _)| epoch.len() == 16).ok_or(())?;
        let number =
            Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())).ok_or(())?;
        Ok(Self {
            epoch: u64::from_str_radix(epoch, 16).map_err(|_| ())?,
            number: number.parse().map_err(|_| ())?,
        })
    }
}

// === impl Change ===

impl Change {
    /// The change as the local API tells it.
    pub(crate) fn shown(&self) -> Event {
        let (kind, name) = match self {
            Self::Server(name) => (EventKind::Server, Some(name.to_string())),
            Self::Connection(id) => (EventKind::Connection, Some(id.to_string())),
            Self::Install(id) => (EventKind::Install, Some(id.to_string())),
            Self::SignIn(id) => (EventKind::SignIn, Some(id.to_string())),
            Self::Catalog => (EventKind::Catalog, None),
            Self::Providers => (EventKind::Providers, None),
            Self::Clients => (EventKind::Clients, None),
            Self::Settings => (EventKind::Settings, None),
        };
        Event { kind, name }
    }
}
