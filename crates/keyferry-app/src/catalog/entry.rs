//! One manifest of the catalog, and how it is found.

use std::path::PathBuf;

use keyferry_core::{
    diagnostic::{Diagnostics, Severity},
    id::ProviderName,
    manifest::{Manifest, escaped},
};

use crate::api::dto::Problem;

/// Names that a manifest of a catalog can't have: the API means something else by them.
const RESERVED: [&str; 1] = ["sources"];

/// One manifest and where it is from.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// Its text as it was read: what an install keeps.
    pub(crate) text: String,
    /// The folder it lies in, what `${__dirname}` stands for; none for one that is built in or from a URL.
    pub(crate) folder: Option<PathBuf>,
    /// Where it is from, for people.
    pub(crate) source: String,
    /// Other places with a manifest of this name, which do not count.
    pub(crate) also_in: Vec<String>,
    /// What a search looks through, in lower case.
    words: String,
}

impl Entry {
    /// Reads a manifest. `shown` is what a finding calls it.
    pub(super) fn read(
        shown: &str,
        source: String,
        folder: Option<PathBuf>,
        text: String,
    ) -> Result<Self, Problem> {
        let manifest = Manifest::parse(shown, &text).map_err(|findings| unusable(shown, &findings))?.manifest;
        if RESERVED.contains(&manifest.name.as_str()) {
            let message = format!("{shown}: a catalog can't have a manifest of the name `{}`", manifest.name);
            return Err(Problem::new("reserved_name", message).with_hint("such as \"owner__server\""));
        }
        Ok(Self { words: words(&manifest), manifest, text, folder, source, also_in: Vec::new() })
    }

    /// Whether each of these words, in lower case, stands somewhere in it.
    pub(crate) fn has_all(&self, wanted: &[String]) -> bool {
        wanted.iter().all(|word| self.words.contains(word.as_str()))
    }
}

/// What a person may remember of a server.
fn words(manifest: &Manifest) -> String {
    let tools = manifest.tools.iter().map(|tool| tool.name.as_str());
    let some = [
        Some(manifest.name.as_str()),
        manifest.display_name.as_deref(),
        manifest.description.as_deref(),
        manifest.category.as_deref(),
        manifest.author.as_ref().map(|author| author.name.as_str()),
        manifest.sign_in.oauth.provider().map(ProviderName::as_str),
    ];
    let keywords = manifest.keywords.iter().map(String::as_str);
    let all: Vec<_> = some.into_iter().flatten().chain(keywords).chain(tools).collect();
    all.join("\n").to_lowercase()
}

/// The first mistake of a manifest, with its place and how to see the rest.
pub(crate) fn unusable(shown: &str, findings: &Diagnostics) -> Problem {
    let shown = escaped(shown);
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
