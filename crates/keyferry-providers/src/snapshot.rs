//! The providers at one moment.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use keyferry_core::{
    id::ProviderName,
    problem::Problem,
    provider::{ProviderFile, ProviderSet},
};

use crate::{
    learned::{self, Learned, THE_PROXY},
    shelf::Found,
};

/// Where the built-in files are from, as lists show it.
const BUILT_IN: &str = "built in";

/// All providers at one moment, where each came from, and what could not be read.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    set: ProviderSet,
    /// The source of each that is not built in.
    sources: BTreeMap<ProviderName, String>,
    /// Each file that takes the place of an earlier one of its name.
    replacing: BTreeSet<(ProviderName, String)>,
    problems: Vec<Problem>,
}

// === impl Snapshot ===

impl Snapshot {
    /// The built-in files, then those of the folders, then what only the proxy knows.
    pub(super) fn new(built_in: &ProviderSet, found: &Found, learned: &Learned) -> Self {
        let mut now = Self { set: built_in.clone(), problems: found.problems.clone(), ..Self::default() };
        for (source, kept) in &found.files {
            if let Some(file) = &kept.good {
                if now.set.insert(Arc::clone(file)).is_some() {
                    now.replacing.insert((file.name.clone(), source.clone()));
                }
                now.sources.insert(file.name.clone(), source.clone());
            }
        }
        let own = now.set.clone();
        for told in learned.iter() {
            match told.good.as_ref().and_then(|file| Some((file, own.get(&file.name)?))) {
                Some((file, own)) => now.problems.extend(learned::elsewhere(own, file)),
                None => {
                    now.problems.extend(told.problem.clone());
                    if let Some(file) = &told.good {
                        now.set.insert(Arc::clone(file));
                        now.sources.insert(file.name.clone(), THE_PROXY.to_owned());
                    }
                }
            }
        }
        now.problems.extend(learned.problem());
        now
    }

    /// The provider files.
    #[must_use]
    pub fn set(&self) -> &ProviderSet {
        &self.set
    }

    /// Where a provider's file came from.
    #[must_use]
    pub fn source(&self, name: &ProviderName) -> &str {
        self.sources.get(name).map_or(BUILT_IN, String::as_str)
    }

    /// What could not be read or is not taken, and why.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Logs what has become another since `before`. `quiet` leaves out files that simply are there.
    pub(super) fn log_changes(&self, before: &Self, quiet: bool) {
        for (name, source) in self.replacing.difference(&before.replacing) {
            tracing::info!(provider = %name, file = source, "a provider file replaces an earlier one");
        }
        for file in self.set.iter() {
            let (name, source) = (&file.name, self.source(&file.name));
            match before.set.get(name) {
                Some(old) if Arc::ptr_eq(old, file) => {}
                Some(_) if quiet => {}
                Some(_) if before.source(name) != source => {
                    tracing::info!(provider = %name, file = source, "a provider goes by another file now");
                }
                Some(_) => tracing::info!(provider = %name, file = source, "a provider file has changed"),
                None if quiet => {}
                None => tracing::info!(provider = %name, file = source, "a provider is new"),
            }
        }
        for gone in before.set.iter().filter(|file| self.set.get(&file.name).is_none()) {
            tracing::info!(provider = %gone.name, "a provider has gone");
        }
        // What is wrong with files of folders is told where they are read.
        let is_of_proxy = |problem: &&Problem| {
            matches!(
                problem.error.as_str(),
                "provider_elsewhere" | "provider_not_taken" | "too_many_providers"
            )
        };
        for problem in self.problems.iter().filter(is_of_proxy) {
            if !before.problems.contains(problem) {
                tracing::warn!(problem = problem.message, "a provider of the proxy is not taken");
            }
        }
    }

    /// Whether both hold the very same files and problems.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let pair = |(one, two): (&Arc<ProviderFile>, &Arc<ProviderFile>)| Arc::ptr_eq(one, two);
        self.problems == other.problems
            && self.sources == other.sources
            && self.replacing == other.replacing
            && self.set.iter().count() == other.set.iter().count()
            && self.set.iter().zip(other.set.iter()).all(pair)
    }
}
