//! All manifests at one moment: those of every source, made one.

use std::{
    collections::{BTreeMap, btree_map::Entry as Slot},
    sync::Arc,
};

use keyferry_core::{id::ManifestName, suggest};

use super::{
    Source,
    entry::Entry,
    shelf::{Place, Shelf},
};
use crate::api::dto::Problem;

/// All manifests by name.
#[derive(Debug, Default)]
pub struct Offer {
    entries: BTreeMap<ManifestName, Arc<Entry>>,
    shelves: Vec<Arc<Shelf>>,
    problems: Vec<Problem>,
}

// === impl Offer ===

impl Offer {
    /// What the sources offer together, in their order. Of two manifests of one name that of the later folder counts, for a folder is the
    /// person's own word. A list at a URL takes no name that another source has: it is a stranger's, and a manifest names a program.
    pub(super) fn new(shelves: Vec<Arc<Shelf>>) -> Self {
        let mut offer = Self {
            problems: shelves.iter().flat_map(|shelf| shelf.all_problems()).collect(),
            ..Self::default()
        };
        let is_remote = |shelf: &&Arc<Shelf>| matches!(shelf.place, Place::Named(Source::Url(_)));
        for shelf in shelves.iter().filter(|shelf| !is_remote(shelf)) {
            offer.take(shelf, true);
        }
        for shelf in shelves.iter().filter(is_remote) {
            offer.take(shelf, false);
        }
        offer.shelves = shelves;
        offer
    }

    fn take(&mut self, shelf: &Shelf, wins: bool) {
        for entry in &shelf.entries {
            match self.entries.entry(entry.manifest.name.clone()) {
                Slot::Vacant(free) => _ = free.insert(Arc::clone(entry)),
                Slot::Occupied(mut taken) if wins => {
                    let mut new = Entry::clone(entry);
                    new.also_in = [taken.get().also_in.clone(), vec![taken.get().source.clone()]].concat();
                    taken.insert(Arc::new(new));
                }
                Slot::Occupied(mut taken) => {
                    let has =
                        format!("the catalog {} has a manifest `{}`", entry.source, entry.manifest.name);
                    let message = format!("{has}, which {} has already: that one counts", taken.get().source);
                    let hint = "to use the other, put it into a folder of your own: `keyferry catalog sources add FOLDER`";
                    self.problems.push(Problem::new("name_taken", message).with_hint(hint));
                    let mut kept = Entry::clone(taken.get());
                    kept.also_in.push(entry.source.clone());
                    taken.insert(Arc::new(kept));
                }
            }
        }
    }

    /// All manifests, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values()
    }

    /// The manifest of exactly this name.
    pub(crate) fn get(&self, name: &ManifestName) -> Option<&Arc<Entry>> {
        self.entries.get(name)
    }

    /// The known name that a mistyped one most likely means.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        suggest::nearest(name, self.entries.keys().map(ManifestName::as_str))
    }

    /// What could not be read, and why.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The sources, in their order.
    pub(crate) fn shelves(&self) -> &[Arc<Shelf>] {
        &self.shelves
    }
}
