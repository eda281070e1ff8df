//! The provider files that a tier goes by: the built-in ones, then those of the folders, then, in the app, what only its proxy knows. A
//! later folder wins; the proxy never does.
//!
//! They may change while the program runs. A file that can't be used is reported and its last good form stays; it stops nothing.

pub mod data_files;
mod learned;
mod shelf;
mod snapshot;
mod watch;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use keyferry_core::{
    id::ProviderName,
    provider::{Checked, ProviderFile, ProviderSet, builtin},
};
use tokio::sync::watch::{Receiver, Sender};

use learned::Learned;
use shelf::{Found, Shelf};
pub use snapshot::Snapshot;

/// All providers, as they are now and as they change.
#[derive(Debug)]
pub struct Providers {
    built_in: ProviderSet,
    sources: Mutex<Sources>,
    news: Sender<Arc<Snapshot>>,
}

/// What the providers are made from.
#[derive(Debug, Default)]
struct Sources {
    shelf: Shelf,
    found: Found,
    learned: Learned,
}

// === impl Providers ===

impl Providers {
    /// Reads the built-in files and then the folders in their order. A folder of `optional` may be missing.
    #[must_use]
    pub fn load(optional: &Path, folders: &[PathBuf]) -> Self {
        let built_in = built_in();
        let mut sources = Sources { shelf: Shelf::new(optional, folders), ..Sources::default() };
        sources.found = sources.shelf.read();
        let now = Snapshot::new(&built_in, &sources.found, &sources.learned);
        let before = Snapshot::new(&built_in, &Found::default(), &Learned::default());
        now.log_changes(&before, true);
        Self { built_in, sources: Mutex::new(sources), news: Sender::new(Arc::new(now)) }
    }

    /// The providers as they are now. Who needs several facts of one moment asks once.
    #[must_use]
    pub fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.news.borrow())
    }

    /// The provider of exactly this name, as it is now.
    #[must_use]
    pub fn get(&self, name: &ProviderName) -> Option<Arc<ProviderFile>> {
        self.news.borrow().set().get(name).cloned()
    }

    /// Tells of every change from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<Arc<Snapshot>> {
        self.news.subscribe()
    }

    /// Reads the folders anew. Blocks while it reads.
    pub fn reload(&self) {
        let mut sources = self.lock();
        sources.found = sources.shelf.read();
        self.publish(&sources);
    }

    /// Takes the files that a proxy tells of, by name, in place of those that it told before. A proxy on loopback may name endpoints
    /// there.
    pub fn take_from_proxy(&self, files: impl IntoIterator<Item = (String, String)>, proxy_is_local: bool) {
        let mut sources = self.lock();
        let known = |name: &str, text: &str| {
            let file = name.parse().ok().and_then(|name| self.built_in.get(&name));
            file.is_some_and(|file| &*file.source == text)
        };
        sources.learned.replace(files, known, proxy_is_local);
        self.publish(&sources);
    }

    fn folders(&self) -> Vec<PathBuf> {
        self.lock().shelf.paths()
    }

    /// The caller holds the sources, so that no older state overtakes a newer one.
    fn publish(&self, sources: &Sources) {
        let now = Snapshot::new(&self.built_in, &sources.found, &sources.learned);
        self.news.send_if_modified(|before| {
            let differs = !now.is_same(before);
            if differs {
                now.log_changes(before, false);
                *before = Arc::new(now);
            }
            differs
        });
    }

    fn lock(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The built-in files. What they are warned of is said in their notes; that each can be read is tested.
fn built_in() -> ProviderSet {
    let mut set = ProviderSet::default();
    for (name, text) in builtin() {
        let Ok(name) = name.parse::<ProviderName>() else { continue };
        match ProviderFile::parse(name, "built in", text) {
            Ok(Checked { file, .. }) => drop(set.insert(ProviderFile { source: text.into(), ..file })),
            Err(findings) => tracing::error!(%findings, "a built-in provider file can't be used"),
        }
    }
    set
}

#[cfg(test)]
mod tests;
