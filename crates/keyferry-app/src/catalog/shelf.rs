//! What one source holds, read once and kept.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use keyferry_core::{manifest::LONGEST_MANIFEST, parallel};
use keyferry_providers::data_files;

use super::{
    Source, SourceId,
    entry::Entry,
    remote::{FetchError, Stored},
};
use crate::api::dto::Problem;

include!(concat!(env!("OUT_DIR"), "/builtin_catalog.rs"));

/// Where the built-in manifests are from, as lists show it.
pub(super) const BUILT_IN: &str = "built in";

/// More than any manifest that was ever published.
const LARGEST_FILE: u64 = LONGEST_MANIFEST as u64;

/// A source as it was read last.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    pub(crate) place: Place,
    pub(super) entries: Vec<Arc<Entry>>,
    /// What could not be read.
    pub(crate) problems: Vec<Problem>,
    /// How a list at a URL stands.
    pub(crate) remote: Option<Remote>,
}

/// Which source it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The manifests that came with the program.
    BuiltIn,
    /// The data folder's own folder of manifests.
    Own(std::path::PathBuf),
    /// One that the person named.
    Named(Source),
}

/// How a list at a URL stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remote {
    /// When what is held was there; never, where nothing is held.
    pub(crate) checked_at: Option<Timestamp>,
    /// Why it could not be looked at since.
    pub(crate) failure: Option<FetchError>,
}

// === impl Shelf ===

impl Shelf {
    /// The manifests that came with the program.
    pub(super) fn built_in() -> Self {
        let mut shelf = Self::empty(Place::BuiltIn);
        shelf.fill(BUILTIN, |(file, text)| {
            Entry::read(&format!("catalog/{file}"), BUILT_IN.to_owned(), None, (*text).to_owned())
        });
        shelf
    }

    /// A folder as it is now. The data folder's own may be missing.
    pub(super) fn folder(place: Place, folder: &Path) -> Self {
        let mut shelf = Self::empty(place);
        if matches!(shelf.place, Place::Own(_)) && !folder.exists() {
            return shelf;
        }
        match data_files::list(folder, "json") {
            Ok(files) => shelf.fill(&files, |path| {
                let shown = path.display().to_string();
                let text = data_files::read(path, LARGEST_FILE)
                    .map_err(|error| Problem::new("manifest_unreadable", error.to_string()))?;
                Entry::read(&shown, shown.clone(), Some(folder.to_owned()), text)
            }),
            Err(error) => shelf.problems.push(Problem::new("catalog_folder_unreadable", error.to_string())),
        }
        shelf
    }

    /// A list at a URL, as it was when it was there last.
    pub(super) fn remote(source: Source, stored: Option<&Stored>, failure: Option<FetchError>) -> Self {
        let mut shelf = Self::empty(Place::Named(source.clone()));
        if let Some(stored) = stored {
            shelf.problems.extend(
                stored
                    .problems
                    .iter()
                    .map(|problem| Problem::new("manifest_unreadable", format!("{source}: {problem}"))),
            );
            shelf.fill(&stored.manifests, |manifest| {
                let shown = format!("{source} {}", manifest.label);
                Entry::read(&shown, source.to_string(), None, manifest.text.clone())
            });
        }
        shelf.remote = Some(Remote { checked_at: stored.map(|stored| stored.checked_at), failure });
        shelf
    }

    /// A list that could not be looked at: what was read of it before stays.
    pub(super) fn failed(before: &Self, failure: FetchError) -> Self {
        let mut shelf = before.clone();
        shelf.remote.get_or_insert_default().failure = Some(failure);
        shelf
    }

    /// The manifests, whether they count or not.
    pub(crate) fn count(&self) -> usize {
        self.entries.len()
    }

    fn empty(place: Place) -> Self {
        Self { place, entries: Vec::new(), problems: Vec::new(), remote: None }
    }

    /// A thousand manifests are read at a start, and whoever started waits for them.
    fn fill<T: Sync>(&mut self, things: &[T], read: impl Fn(&T) -> Result<Entry, Problem> + Sync) {
        for entry in parallel::map(things, read) {
            match entry {
                Ok(entry) => self.entries.push(Arc::new(entry)),
                Err(problem) => self.problems.push(problem),
            }
        }
    }

    /// What is wrong with it, for people.
    pub(crate) fn all_problems(&self) -> impl Iterator<Item = Problem> {
        self.problems
            .iter()
            .cloned()
            .chain(self.remote.iter().filter_map(|remote| remote.problem(&self.place)))
    }
}

impl Remote {
    /// Why what is shown may not be what is there now.
    fn problem(&self, place: &Place) -> Option<Problem> {
        let shown = place.shown();
        match (&self.failure, self.checked_at) {
            (None, Some(_)) => None,
            (None, None) => Some(
                Problem::new("catalog_not_fetched", format!("the catalog {shown} was not looked at yet"))
                    .with_hint("`keyferry catalog sources refresh` does"),
            ),
            (Some(error), Some(at)) => {
                let message = format!("the catalog {shown} is shown as it was at {at:.0}: {error}");
                Some(Problem::new(error.code(), message).with_hint(error.hint()))
            }
            (Some(error), None) => Some(
                Problem::new(error.code(), format!("the catalog {shown} can't be shown: {error}"))
                    .with_hint(error.hint()),
            ),
        }
    }
}

impl Place {
    /// By what it is asked about.
    pub(crate) fn id(&self) -> SourceId {
        match self {
            Self::BuiltIn => Source::Folder(BUILT_IN.into()).id(),
            Self::Own(path) => Source::Folder(path.clone()).id(),
            Self::Named(source) => source.id(),
        }
    }

    /// The place, for people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::BuiltIn => BUILT_IN.to_owned(),
            Self::Own(path) => path.display().to_string(),
            Self::Named(source) => source.to_string(),
        }
    }
}
