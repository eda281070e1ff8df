//! `docs/settings.md` and the code name the same settings.

use std::{collections::BTreeSet, fs, path::Path};

use keyferry_app::settings::Key;

/// Variables that stand in the code and are for nobody but the tests.
const OF_TESTS: [&str; 1] = ["KEYFERRY_SANDBOX_LEDGER"];

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md")).unwrap()
}

/// The `KEYFERRY_…` words that stand in a text between two of `quote`.
fn variables(text: &str, quote: char) -> BTreeSet<String> {
    let quoted = text.split(quote).filter(|part| {
        let name = part.strip_prefix("KEYFERRY_").unwrap_or_default();
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.ends_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    });
    quoted.map(str::to_owned).collect()
}

fn sources(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_key_of_the_settings_file_is_explained_beside_its_variable() {
    let page = page();
    for key in Key::ALL {
        let row = format!("| `{}` | `{}` |", key.name(), key.variable());
        assert!(page.contains(&row), "docs/settings.md lacks {row}");
    }
}

#[test]
fn the_page_names_every_variable_that_is_read_and_no_other() {
    let mut texts = Vec::new();
    for part in ["keyferry", "keyferry-app", "keyferry-proxy", "keyferry-sandbox"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(part).join("src"), &mut texts);
    }
    let mut read: BTreeSet<_> = texts.iter().flat_map(|text| variables(text, '"')).collect();
    read.extend(Key::ALL.map(Key::variable));
    for variable in OF_TESTS {
        assert!(read.remove(variable), "{variable} is not read any more");
    }
    let named = variables(&page(), '`');
    assert_eq!(named.difference(&read).collect::<Vec<_>>(), Vec::<&String>::new(), "named, and never read");
    assert_eq!(read.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "read, and not named");
}
