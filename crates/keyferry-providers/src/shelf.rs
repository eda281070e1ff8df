//! The provider files of folders, read again and again: what has not changed is not parsed anew, and a file that breaks keeps its
//! last good form.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use keyferry_core::{
    diagnostic::{Diagnostics, Severity},
    id::ProviderName,
    parallel,
    problem::Problem,
    provider::ProviderFile,
};

use crate::data_files::{self, DataFileError};

/// Far more bytes than a provider file has.
pub(super) const LARGEST_FILE: u64 = 64 * 1024;

/// The folders and what was found in them the last time.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    folders: Vec<Folder>,
    kept: BTreeMap<PathBuf, Arc<Kept>>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    optional: bool,
    problem: Option<String>,
}

/// One file as it was read.
#[derive(Debug)]
pub(super) struct Kept {
    /// Its text, or why it could not be read. Compared with the next reading.
    read: Result<String, String>,
    /// Its last good form, which may be older than its text.
    pub(super) good: Option<Arc<ProviderFile>>,
    /// What is wrong with it now.
    pub(super) problem: Option<Problem>,
}

/// What the folders hold, in the order in which a later one wins.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<(String, Arc<Kept>)>,
    pub(super) problems: Vec<Problem>,
}

// === impl Shelf ===

impl Shelf {
    /// A folder of `optional` may be missing.
    pub(super) fn new(optional: &Path, folders: &[PathBuf]) -> Self {
        let own = Some(optional).filter(|path| !path.as_os_str().is_empty());
        let own = own.map(|path| Folder { path: path.to_owned(), optional: true, problem: None });
        let named = folders.iter().map(|path| Folder { path: path.clone(), optional: false, problem: None });
        Self { folders: own.into_iter().chain(named).collect(), kept: BTreeMap::new() }
    }

    /// The folders, wherever there is one.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|folder| folder.path.clone()).collect()
    }

    /// Reads the folders. What is wrong is logged once, when it becomes so.
    pub(super) fn read(&mut self) -> Found {
        let before = std::mem::take(&mut self.kept);
        let mut found = Found::default();
        for folder in &mut self.folders {
            let (paths, problem) = folder.list(&before);
            if let Some(problem) = problem {
                if folder.problem.as_ref() != Some(&problem.message) {
                    tracing::warn!(problem = problem.message, "a folder of provider files can't be read");
                }
                folder.problem = Some(problem.message.clone());
                found.problems.push(problem);
            } else {
                folder.problem = None;
            }
            // A thousand files are read at a start, and whoever started waits for them.
            let read = parallel::map(&paths, |path| Kept::read(path, before.get(path)));
            for (path, kept) in paths.into_iter().zip(read) {
                let Some(kept) = kept else { continue };
                found.problems.extend(kept.problem.clone());
                found.files.push((path.display().to_string(), Arc::clone(&kept)));
                self.kept.insert(path, kept);
            }
        }
        found
    }
}

impl Folder {
    /// Its files. Those of a folder that is there and can't be read now are the ones of before.
    fn list(&self, before: &BTreeMap<PathBuf, Arc<Kept>>) -> (Vec<PathBuf>, Option<Problem>) {
        let error = match data_files::list(&self.path, "toml") {
            Ok(files) => return (files, None),
            Err(error) => error,
        };
        let missing = matches!(&error, DataFileError::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound);
        if missing && self.optional {
            return (Vec::new(), None);
        }
        let inside = |path: &&PathBuf| !missing && path.parent() == Some(&self.path);
        let problem = Problem::new("provider_folder_unreadable", error.to_string());
        (before.keys().filter(inside).cloned().collect(), Some(problem))
    }
}

// === impl Kept ===

impl Kept {
    /// Reads a file; none when it has gone meanwhile.
    fn read(path: &Path, before: Option<&Arc<Self>>) -> Option<Arc<Self>> {
        let read = match data_files::read(path, LARGEST_FILE) {
            Ok(text) => Ok(text),
            Err(DataFileError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return None;
            }
            Err(error) => Err(error.to_string()),
        };
        match before {
            Some(before) if before.read == read => Some(Arc::clone(before)),
            _ => Some(Arc::new(Self::new(path, read, before.and_then(|before| before.good.clone())))),
        }
    }

    fn new(path: &Path, read: Result<String, String>, last_good: Option<Arc<ProviderFile>>) -> Self {
        let shown = path.display().to_string();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let understood = match &read {
            Ok(text) => parse(name, &shown, text),
            Err(error) => Err(Problem::new("provider_file_unreadable", error.clone())),
        };
        match understood {
            Ok(file) => Self { read, good: Some(Arc::new(file)), problem: None },
            Err(problem) => {
                let problem = if last_good.is_some() {
                    tracing::warn!(problem = problem.message, "a provider file keeps its last good form");
                    still_used(problem)
                } else {
                    tracing::warn!(problem = problem.message, "a provider file is left out");
                    problem
                };
                Self { read, good: last_good, problem: Some(problem) }
            }
        }
    }
}

/// Reads a provider file's text, and logs what its author should look at.
pub(super) fn parse(name: &str, shown: &str, text: &str) -> Result<ProviderFile, Problem> {
    let name: ProviderName =
        name.parse().map_err(|error| Problem::new("bad_provider_name", format!("{shown}: {error}")))?;
    let checked = ProviderFile::parse(name, shown, text).map_err(|findings| unusable(shown, &findings))?;
    if !checked.warnings.is_empty() {
        tracing::warn!(file = shown, findings = %checked.warnings, "a provider file has warnings");
    }
    Ok(checked.file)
}

fn still_used(problem: Problem) -> Problem {
    let until = "until it is corrected, its last good form is used";
    let hint = problem.hint.as_ref().map_or(until.to_owned(), |hint| format!("{hint}; {until}"));
    problem.with_hint(hint)
}

fn unusable(shown: &str, findings: &Diagnostics) -> Problem {
    let first = findings.iter().find(|finding| finding.severity == Severity::Error);
    let message = first.map_or_else(
        || shown.to_owned(),
        |finding| format!("{shown}:{}:{}: {}", finding.line, finding.column, finding.message),
    );
    let hint = first.and_then(|finding| finding.hint.clone());
    let check = format!("`keyferry provider check {shown}` shows every finding");
    Problem::new("bad_provider_file", message)
        .with_hint(hint.map_or(check.clone(), |hint| format!("{hint}; {check}")))
}
