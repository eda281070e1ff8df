//! The provider files this app goes by: the built-in ones, then those of the folders. A later one of the same name wins.
//!
//! A file that can't be used is reported and left out, and stops nothing: the others still work.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use keyferry_core::{
    diagnostic::{Diagnostics, Severity},
    id::ProviderName,
    provider::{ProviderFile, ProviderSet, builtin},
};

use crate::{api::dto::Problem, data_files};

/// Where the built-in files are from, as lists show it.
const BUILT_IN: &str = "built in";

/// Far more bytes than a provider file has.
const LARGEST_FILE: u64 = 64 * 1024;

/// All providers, where each came from, and what could not be read.
#[derive(Debug, Default)]
pub struct Providers {
    set: ProviderSet,
    sources: BTreeMap<ProviderName, String>,
    problems: Vec<Problem>,
}

impl Providers {
    /// Reads the built-in files and then the folders in their order. A folder of `optional` may be missing.
    #[must_use]
    pub fn load(optional: &Path, folders: &[PathBuf]) -> Self {
        let mut providers = Self::default();
        for (name, text) in builtin() {
            providers.add(name, &format!("providers/{name}.toml"), BUILT_IN.to_owned(), text);
        }
        if optional.exists() {
            providers.add_folder(optional);
        }
        for folder in folders {
            providers.add_folder(folder);
        }
        providers
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

    /// What could not be read, and why.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn add_folder(&mut self, folder: &Path) {
        match data_files::list(folder, "toml") {
            Ok(files) => {
                for file in files {
                    self.add_file(&file);
                }
            }
            Err(error) => self.report(Problem::new("provider_folder_unreadable", error.to_string())),
        }
    }

    fn add_file(&mut self, path: &Path) {
        let shown = path.display().to_string();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        match data_files::read(path, LARGEST_FILE) {
            Ok(text) => self.add(name, &shown, shown.clone(), &text),
            Err(error) => self.report(Problem::new("provider_file_unreadable", error.to_string())),
        }
    }

    fn add(&mut self, name: &str, shown: &str, source: String, text: &str) {
        let name: ProviderName = match name.parse() {
            Ok(name) => name,
            Err(error) => return self.report(Problem::new("bad_provider_name", format!("{shown}: {error}"))),
        };
        match ProviderFile::parse(name, shown, text) {
            Ok(checked) => {
                // What the built-in files are warned of is said in their notes.
                if !checked.warnings.is_empty() && source != BUILT_IN {
                    tracing::warn!(file = shown, findings = %checked.warnings, "a provider file has warnings");
                }
                self.accept(checked.file, source);
            }
            Err(findings) => self.report(unusable(shown, &findings)),
        }
    }

    fn accept(&mut self, file: ProviderFile, source: String) {
        let name = file.name.clone();
        if self.set.insert(file).is_some() {
            tracing::info!(provider = %name, file = source, "a provider file replaces an earlier one");
        }
        self.sources.insert(name, source);
    }

    fn report(&mut self, problem: Problem) {
        tracing::warn!(problem = problem.message, "a provider file is left out");
        self.problems.push(problem);
    }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NOTES: &str = "display_name = \"Notes\"\n[authorization]\nendpoint = \"https://notes.example/authorize\"\n\
        scopes = [\"notes\"]\n[token]\nendpoint = \"https://notes.example/token\"\n[env]\nNOTES_TOKEN = \"{access_token}\"\n";

    fn named(text: &str) -> ProviderName {
        text.parse().unwrap()
    }

    #[test]
    fn a_later_folder_wins_over_an_earlier_one_and_both_over_the_built_in_files() {
        let (own, further) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(own.path().join("jira.toml"), NOTES).unwrap();
        fs::write(own.path().join("notes.toml"), NOTES).unwrap();
        let second = NOTES.replace("\"Notes\"", "\"Other Notes\"");
        fs::write(further.path().join("notes.toml"), second).unwrap();
        fs::write(further.path().join("README.md"), "no provider").unwrap();
        let providers = Providers::load(own.path(), &[further.path().to_owned()]);
        assert_eq!(providers.set().get(&named("jira")).unwrap().display_name, "Notes");
        assert_eq!(providers.set().get(&named("notes")).unwrap().display_name, "Other Notes");
        assert!(providers.source(&named("notes")).starts_with(&*further.path().to_string_lossy()));
        assert_eq!(providers.source(&named("github")), "built in");
        assert!(providers.problems().is_empty(), "{:?}", providers.problems());
    }

    #[test]
    fn a_broken_file_is_reported_with_its_line_and_stops_nothing() {
        let own = tempfile::tempdir().unwrap();
        fs::write(own.path().join("broken.toml"), NOTES.replace("scopes", "scops")).unwrap();
        fs::write(own.path().join("Not A Name.toml"), NOTES).unwrap();
        fs::write(own.path().join("binary.toml"), [0xff, 0xfe]).unwrap();
        fs::write(own.path().join("huge.toml"), "#".repeat(1_000_000)).unwrap();
        fs::write(own.path().join("notes.toml"), NOTES).unwrap();
        fs::create_dir(own.path().join("folder.toml")).unwrap();
        let providers = Providers::load(own.path(), &[]);
        assert!(providers.set().get(&named("notes")).is_some());
        let codes: Vec<_> = providers.problems().iter().map(|problem| problem.error.as_str()).collect();
        let unreadable = "provider_file_unreadable";
        assert_eq!(codes, ["bad_provider_name", unreadable, "bad_provider_file", unreadable, unreadable]);
        let broken =
            providers.problems().iter().find(|problem| problem.error == "bad_provider_file").unwrap();
        assert!(broken.message.contains("broken.toml:4:1:"), "{broken:?}");
        assert!(broken.hint.as_ref().unwrap().contains("keyferry provider check"), "{broken:?}");
    }

    #[test]
    fn a_folder_that_was_asked_for_and_is_missing_is_reported() {
        let own = tempfile::tempdir().unwrap();
        let missing = own.path().join("missing");
        assert!(Providers::load(&missing, &[]).problems().is_empty());
        let problems = Providers::load(own.path(), &[missing]).problems;
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.contains("missing"), "{problems:?}");
    }
}
