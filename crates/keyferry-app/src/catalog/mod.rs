//! The manifests this app offers: the built-in ones, those of folders, and those of lists at URLs.
//!
//! Manifests are strangers' files. One that can't be used is reported and left out, and stops nothing; one that can be read
//! but not installed yet is listed with the reason. Each is read once and kept.

mod change;
mod entry;
mod installable;
mod needs;
mod offer;
mod remote;
mod shelf;
mod shown;
mod source;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch::{Receiver, Sender};

pub(crate) use change::{ChangeError, add, remove};
pub(crate) use entry::{Entry, unusable};
pub(crate) use installable::{not_installable, unknown_provider};
pub(crate) use needs::here;
pub use offer::Offer;
pub(crate) use shelf::{Place, Shelf};
pub(crate) use shown::{detail, entry};
pub(crate) use source::SourceId;
pub use source::{InvalidSource, Source};

use crate::engine::Engine;
use remote::{FetchError, Fetcher, Store};

/// How often it is looked whether a list at a URL is due.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// How old a list may be before it is asked for again.
const OLD: SignedDuration = SignedDuration::from_hours(6);

/// All manifests, as they are now and as they change.
#[derive(Debug)]
pub struct Catalog {
    store: Store,
    fetcher: Fetcher,
    shelves: Mutex<Vec<Arc<Shelf>>>,
    news: Sender<Arc<Offer>>,
    /// One look at the sources at a time.
    looking: tokio::sync::Mutex<()>,
}

/// What a catalog is made of.
#[derive(Debug)]
pub struct Parts {
    /// The data folder's own folder of manifests, which may be missing.
    pub own: PathBuf,
    /// Where what was fetched is kept.
    pub fetched: PathBuf,
    /// What the person named, in its order.
    pub sources: Vec<Source>,
}

// === impl Catalog ===

impl Catalog {
    /// Reads the built-in manifests, the folders, and what was kept of lists at URLs. Asks nobody.
    ///
    /// # Errors
    /// [`reqwest::Error`] when the platform's root certificates can't be had.
    pub fn load(parts: Parts) -> Result<Self, reqwest::Error> {
        let Parts { own, fetched, sources } = parts;
        let store = Store::new(fetched);
        let mut shelves = vec![Shelf::built_in(), Shelf::folder(Place::Own(own.clone()), &own)];
        shelves.extend(sources.into_iter().map(|source| match &source {
            Source::Folder(path) => Shelf::folder(Place::Named(source.clone()), path),
            Source::Url(_) => Shelf::remote(source.clone(), store.read(&source).as_ref(), None),
        }));
        let shelves: Vec<_> = shelves.into_iter().map(Arc::new).collect();
        let offer = Offer::new(shelves.clone());
        for problem in offer.problems() {
            tracing::warn!(problem = problem.message, "a manifest or a source of manifests is left out");
        }
        Ok(Self {
            store,
            fetcher: Fetcher::new()?,
            shelves: Mutex::new(shelves),
            news: Sender::new(Arc::new(offer)),
            looking: tokio::sync::Mutex::default(),
        })
    }

    /// The manifests as they are now. Who needs several facts of one moment asks once.
    #[must_use]
    pub fn now(&self) -> Arc<Offer> {
        Arc::clone(&self.news.borrow())
    }

    /// Tells of every change from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<Arc<Offer>> {
        self.news.subscribe()
    }

    /// Looks at one source, or at all of them. Says whether there is one.
    pub(crate) async fn refresh(&self, id: Option<&SourceId>, now: Timestamp) -> bool {
        let wanted = |shelf: &Shelf| id.is_none_or(|id| shelf.place.id() == *id);
        self.look(wanted, now).await > 0
    }

    /// Looks at the lists that are due.
    async fn refresh_due(&self, now: Timestamp) {
        let due = |shelf: &Shelf| {
            let checked_at = shelf.remote.as_ref().map(|remote| remote.checked_at);
            checked_at.is_some_and(|at| at.is_none_or(|at| now.duration_since(at).abs() >= OLD))
        };
        self.look(due, now).await;
    }

    async fn look(&self, wanted: impl Fn(&Shelf) -> bool, now: Timestamp) -> usize {
        let _turn = self.looking.lock().await;
        let shelves: Vec<_> = self.lock().iter().filter(|shelf| wanted(shelf)).cloned().collect();
        for shelf in &shelves {
            let new = self.look_at(shelf, now).await;
            self.put(new);
        }
        shelves.len()
    }

    /// A source as it is now; where it can't be looked at, as it was, with the reason.
    async fn look_at(&self, shelf: &Arc<Shelf>, now: Timestamp) -> Shelf {
        let place = shelf.place.clone();
        let read = match &place {
            Place::BuiltIn => return Shelf::clone(shelf),
            Place::Own(path) => self.folder(place.clone(), path.clone()).await,
            Place::Named(Source::Folder(path)) => self.folder(place.clone(), path.clone()).await,
            Place::Named(source @ Source::Url(_)) => match self.fetch(source, now).await {
                Ok(read) => Some(read),
                Err(error) => {
                    tracing::warn!(catalog = %source, %error, "a catalog can't be looked at");
                    Some(Shelf::failed(shelf, error))
                }
            },
        };
        read.unwrap_or_else(|| Shelf::clone(shelf))
    }

    async fn folder(&self, place: Place, path: PathBuf) -> Option<Shelf> {
        tokio::task::spawn_blocking(move || Shelf::folder(place, &path)).await.ok()
    }

    /// Fetches a list, keeps it, and reads it.
    async fn fetch(&self, source: &Source, now: Timestamp) -> Result<Shelf, FetchError> {
        let Source::Url(url) = source else { return Err(FetchError::Unreachable) };
        let (store, of) = (self.store.clone(), source.clone());
        let before = tokio::task::spawn_blocking(move || store.read(&of)).await.ok().flatten();
        let stored = self.fetcher.fetch(url, before.as_ref(), now).await?;
        let (store, source) = (self.store.clone(), source.clone());
        let read = tokio::task::spawn_blocking(move || {
            let kept = store.write(&source, &stored);
            if let Err(error) = &kept {
                tracing::warn!(catalog = %source, %error, "what was fetched of a catalog can't be kept");
            }
            Shelf::remote(source, Some(&stored), kept.is_err().then_some(FetchError::NotKept))
        });
        read.await.map_err(|_| FetchError::NotKept)
    }

    /// Puts a source in the place of what was read of it before. One that was removed meanwhile stays so.
    fn put(&self, new: Shelf) {
        let mut shelves = self.lock();
        if let Some(old) = shelves.iter_mut().find(|shelf| shelf.place == new.place) {
            *old = Arc::new(new);
        }
        self.publish(&shelves);
    }

    /// The caller holds the shelves, so that no older state overtakes a newer one.
    fn publish(&self, shelves: &[Arc<Shelf>]) {
        self.news.send_replace(Arc::new(Offer::new(shelves.to_vec())));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Shelf>>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at lists at URLs from time to time, until the future is dropped.
pub(crate) async fn keep_up(engine: &Engine) {
    loop {
        engine.catalog.refresh_due(engine.clock.now()).await;
        tokio::time::sleep(LOOK).await;
    }
}
