//! The manifests this app offers: the built-in ones, then those of the folders. A later one of the same name wins.
//!
//! Manifests are strangers' files. One that can't be used is reported and left out, and stops nothing; one that can be read
//! but not installed yet is listed with the reason.

mod installable;
mod shown;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use keyferry_core::{
    diagnostic::{Diagnostics, Severity},
    id::ManifestName,
    manifest::{LONGEST_MANIFEST, Manifest},
    suggest,
};

pub(crate) use installable::{not_installable, unknown_provider, unknown_window};
pub(crate) use shown::{detail, entry, field};

use crate::{api::dto::Problem, data_files};

include!(concat!(env!("OUT_DIR"), "/builtin_catalog.rs"));

/// Where the built-in manifests are from, as lists show it.
const BUILT_IN: &str = "built in";

/// More than any manifest that was ever published.
const LARGEST_FILE: u64 = LONGEST_MANIFEST as u64;

/// All manifests by name, and what could not be read.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: BTreeMap<ManifestName, Entry>,
    problems: Vec<Problem>,
}

/// One manifest and where it is from.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// Its text as it was read: what an install keeps.
    pub(crate) text: String,
    /// The folder it lies in, what `${__dirname}` stands for; none for a built-in one.
    pub(crate) folder: Option<PathBuf>,
    /// Where it is from, for people.
    pub(crate) source: String,
}

impl Catalog {
    /// Reads the built-in manifests, then the folders in their order. The folder of `optional` may be missing.
    #[must_use]
    pub fn load(optional: &Path, folders: &[PathBuf]) -> Self {
        let mut catalog = Self::default();
        for (file, text) in BUILTIN {
            catalog.add(&format!("catalog/{file}"), BUILT_IN.to_owned(), None, (*text).to_owned());
        }
        if optional.exists() {
            catalog.add_folder(optional);
        }
        for folder in folders {
            catalog.add_folder(folder);
        }
        catalog
    }

    /// All manifests, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The manifest of exactly this name.
    pub(crate) fn get(&self, name: &ManifestName) -> Option<&Entry> {
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

    fn add_folder(&mut self, folder: &Path) {
        match data_files::list(folder, "json") {
            Ok(files) => {
                for file in files {
                    self.add_file(folder, &file);
                }
            }
            Err(error) => self.report(Problem::new("catalog_folder_unreadable", error.to_string())),
        }
    }

    fn add_file(&mut self, folder: &Path, path: &Path) {
        let shown = path.display().to_string();
        match data_files::read(path, LARGEST_FILE) {
            Ok(text) => self.add(&shown, shown.clone(), Some(folder.to_owned()), text),
            Err(error) => self.report(Problem::new("manifest_unreadable", error.to_string())),
        }
    }

    fn add(&mut self, shown: &str, source: String, folder: Option<PathBuf>, text: String) {
        match Manifest::parse(shown, &text) {
            Ok(checked) => {
                let name = checked.manifest.name.clone();
                let entry = Entry { manifest: checked.manifest, text, folder, source };
                if self.entries.insert(name.clone(), entry).is_some() {
                    tracing::info!(manifest = %name, file = shown, "a manifest replaces an earlier one");
                }
            }
            Err(findings) => self.report(unusable(shown, &findings)),
        }
    }

    fn report(&mut self, problem: Problem) {
        tracing::warn!(problem = problem.message, "a manifest is left out");
        self.problems.push(problem);
    }
}

/// The first mistake of a manifest, with its place and how to see the rest.
pub(crate) fn unusable(shown: &str, findings: &Diagnostics) -> Problem {
    let first = findings.iter().find(|finding| finding.severity == Severity::Error);
    let message = first.map_or_else(
        || format!("{shown} can't be used"),
        |finding| format!("{shown}:{}:{}: {}", finding.line, finding.column, finding.message),
    );
    let check = "`keyferry catalog check FILE` shows every finding".to_owned();
    let hint = first
        .and_then(|finding| finding.hint.as_ref())
        .map_or(check.clone(), |hint| format!("{hint}; {check}"));
    Problem::new("bad_manifest", message).with_hint(hint)
}
