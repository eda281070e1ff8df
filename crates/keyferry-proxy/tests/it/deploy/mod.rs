//! The files of `deploy/` and the pages about them name variables that exist, and every variable is told. What else holds of each file
//! stands in a module of its own.

mod compose;
mod image;
mod kubernetes;
mod started;
mod unit;
mod yaml;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const PREFIX: &str = "KEYFERRY_PROXY_";
/// The app's.
const OTHERS: [&str; 2] = ["KEYFERRY_PROXY_URL", "KEYFERRY_PROXY_ACCESS_KEY"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The variables that a text names, without `_FILE`.
fn named(text: &str) -> BTreeSet<String> {
    let starts = text.match_indices(PREFIX).map(|(at, _)| &text[at..]);
    let names = starts.map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
        rest[..end].trim_end_matches('_').to_owned()
    });
    let names = names.map(|name| name.strip_suffix("_FILE").map(str::to_owned).unwrap_or(name));
    names.filter(|name| name.len() > PREFIX.len() && !OTHERS.contains(&name.as_str())).collect()
}

/// The variables that the proxy reads: those in quotes in its configuration.
fn known() -> BTreeSet<String> {
    let sources = files(&root().join("crates/keyferry-proxy/src/config"));
    let texts = sources.iter().map(|path| fs::read_to_string(path).unwrap());
    let quoted = |text: String| {
        text.lines()
            .filter(|line| line.starts_with("const "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("\n")
    };
    texts.flat_map(|text| named(&quoted(text))).collect()
}

#[test]
fn what_is_deployed_and_told_names_variables_that_exist() {
    let known = known();
    assert!(known.len() > 15 && known.contains("KEYFERRY_PROXY_LISTEN"), "{known:?}");
    let pages = ["docs/operating.md", "docs/settings.md"].map(|page| root().join(page));
    for path in files(&root().join("deploy")).into_iter().chain(pages) {
        let strange: Vec<_> =
            named(&fs::read_to_string(&path).unwrap()).difference(&known).cloned().collect();
        assert!(strange.is_empty(), "{}: {strange:?}", path.display());
    }
    let told = named(&fs::read_to_string(root().join("docs/settings.md")).unwrap());
    let untold: Vec<_> = known.difference(&told).collect();
    assert!(untold.is_empty(), "docs/settings.md says nothing of {untold:?}");
}
