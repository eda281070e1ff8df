//! Picks up changes of provider files while the program runs.
//!
//! The system says when something in a folder changes. It can't say it of every folder: one may be missing, or on a disk of another
//! machine. So the folders are also read from time to time, and more often while one of them is not watched.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{sync::Notify, time::timeout};

use crate::Providers;

/// How long a folder has to be quiet before it is read: an editor or a checkout writes in several steps.
const SETTLED: Duration = Duration::from_millis(100);

/// The longest that a folder without rest is left unread.
const RESTLESS: Duration = Duration::from_secs(2);

/// How often the folders are read while each is watched.
const WATCHED: Duration = Duration::from_secs(60);

/// How often they are read while one is not.
const UNWATCHED: Duration = Duration::from_secs(3);

impl Providers {
    /// Keeps up with the folders, until the future is dropped.
    pub async fn keep_up(self: Arc<Self>) {
        let mut watch = Some(Watch::new(self.folders()));
        let changed = watch.as_ref().map(|watch| Arc::clone(&watch.changed)).unwrap_or_default();
        let mut was_told = false;
        loop {
            let (providers, taken) = (Arc::clone(&self), watch.take());
            // Read once the folders are watched, so that nothing is missed.
            let read = tokio::task::spawn_blocking(move || {
                let mut watch = taken?;
                watch.renew(was_told);
                providers.reload();
                Some(watch)
            });
            match read.await {
                Ok(Some(read)) => watch = Some(read),
                _ => return tracing::error!("provider files are no longer watched"),
            }
            let all = watch.as_ref().is_some_and(|watch| watch.is_complete);
            was_told = timeout(if all { WATCHED } else { UNWATCHED }, changed.notified()).await.is_ok();
            if was_told {
                let _ = timeout(RESTLESS, settled(&changed)).await;
            }
        }
    }
}

async fn settled(changed: &Notify) {
    while timeout(SETTLED, changed.notified()).await.is_ok() {}
}

/// The system's watch over the folders.
struct Watch {
    folders: Vec<PathBuf>,
    watcher: Option<RecommendedWatcher>,
    /// What stood at the folders' paths when they were last watched.
    watched: Vec<Option<Place>>,
    changed: Arc<Notify>,
    /// Whether every folder is watched.
    is_complete: bool,
    told: bool,
}

// === impl Watch ===

impl Watch {
    fn new(folders: Vec<PathBuf>) -> Self {
        Self {
            folders,
            watcher: None,
            watched: Vec::new(),
            changed: Arc::default(),
            is_complete: false,
            told: false,
        }
    }

    /// Watches the folders anew, where that may be due: another folder may have been put in the place of one that was watched.
    fn renew(&mut self, was_told: bool) {
        let places: Vec<_> = self.folders.iter().map(|folder| place(folder)).collect();
        if was_told || places != self.watched {
            self.begin(&places);
            self.watched = places;
        }
    }

    fn begin(&mut self, places: &[Option<Place>]) {
        self.watcher = None;
        self.is_complete = places.iter().all(Option::is_some);
        if places.iter().all(Option::is_none) {
            return;
        }
        let (changed, folders) = (Arc::clone(&self.changed), self.folders.clone());
        let tell = move |event: notify::Result<Event>| {
            // An error may hide a change.
            if event.map_or(true, |event| concerns(&event, &folders)) {
                changed.notify_one();
            }
        };
        let mut watcher = match notify::recommended_watcher(tell) {
            Ok(watcher) => watcher,
            Err(error) => return self.fails(&error),
        };
        let there = self.folders.iter().zip(places).filter(|(_, place)| place.is_some());
        let watched: Vec<_> =
            there.map(|(folder, _)| watcher.watch(folder, RecursiveMode::NonRecursive)).collect();
        for error in watched.into_iter().filter_map(Result::err) {
            self.fails(&error);
        }
        self.watcher = Some(watcher);
    }

    fn fails(&mut self, error: &notify::Error) {
        self.is_complete = false;
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(%error, "a folder of provider files can't be watched; it is read every few seconds instead");
        }
    }
}

/// Whether an event may change what is read. That a file was read does not, and reading is what we do ourselves; nor does what happens
/// to other files, such as a log that is written beside the provider files.
fn concerns(event: &Event, folders: &[PathBuf]) -> bool {
    let read = matches!(event.kind, EventKind::Access(_));
    let ours = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "toml") || folders.contains(path);
    event.need_rescan() || (!read && (event.paths.is_empty() || event.paths.iter().any(ours)))
}

/// Which folder stands at a path: its device and number, where the system has them.
type Place = (u64, u64);

#[cfg(unix)]
fn place(path: &Path) -> Option<Place> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_dir)?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn place(path: &Path) -> Option<Place> {
    path.is_dir().then_some((0, 0))
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, ModifyKind};

    use super::*;

    #[test]
    fn only_what_may_change_a_provider_file_is_heard() {
        let folders = [PathBuf::from("/p")];
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        let modify = EventKind::Modify(ModifyKind::Any);
        for heard in [
            event(modify, "/p/acme.toml"),
            event(EventKind::Create(CreateKind::File), "/p/acme.toml"),
            event(modify, "/p"),
            Event::new(modify),
            event(modify, "/p/.acme.swp").add_path("/p/acme.toml".into()),
        ] {
            assert!(concerns(&heard, &folders), "{heard:?}");
        }
        for ignored in [event(modify, "/p/log"), event(EventKind::Access(AccessKind::Any), "/p/acme.toml")] {
            assert!(!concerns(&ignored, &folders), "{ignored:?}");
        }
    }
}
