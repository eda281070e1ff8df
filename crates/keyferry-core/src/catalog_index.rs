//! The index of a catalog that lies at a URL: which manifests it has.
//!
//! It is a stranger's text. What it can name beside itself are files below its own folder, so that nobody who writes one can send the
//! app elsewhere.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::manifest::escaped;

/// The longest index that is read, in bytes. A thousand manifests with their READMEs make some 10 MiB.
pub const LONGEST_INDEX: usize = 16 * 1024 * 1024;

/// The most manifests of one index.
pub const MOST_MANIFESTS: usize = 2_000;

/// What an index names, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CatalogIndex<'s> {
    /// The manifests, each with its number in the list, from 1 on.
    pub listed: Vec<(usize, Listed<'s>)>,
    /// What in the list is neither. It costs the rest nothing.
    pub problems: Vec<String>,
}

/// One manifest of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed<'s> {
    /// The manifest itself, as its text.
    Inline(&'s str),
    /// A file beside the index.
    File(ManifestFile),
}

/// A file below the folder of an index: its path in a URL, with `/` between the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// The path, such as `servers/jira.json`.
    pub path: FilePath,
    /// The SHA-256 of its bytes, where the index says it: then it is what the index's author saw, and is fetched once.
    pub sha256: Option<[u8; 32]>,
}

/// A path that stays below the folder it is taken from, however a URL parser reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilePath(String);

/// Why a text is no index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIndex {
    /// Not JSON, or not of the form.
    #[error(
        "it is neither a list of manifests nor an object with `manifests` (line {line}, column {column})"
    )]
    Form {
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
    },
    /// More manifests than a catalog has.
    #[error("it names more than {MOST_MANIFESTS} manifests")]
    TooMany,
    /// Longer than any.
    #[error("it is longer than {LONGEST_INDEX} bytes")]
    TooLong,
}

/// The index as an object. Other keys, such as a title for people, are the author's.
#[derive(Deserialize)]
struct Form<'s> {
    #[serde(borrow)]
    manifests: Vec<&'s RawValue>,
}

/// A file as an object of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    file: String,
    #[serde(default)]
    sha256: Option<String>,
}

// === impl CatalogIndex ===

impl<'s> CatalogIndex<'s> {
    /// Reads an index: `[…]`, or `{ "manifests": […] }`, of manifests, names of files, and `{ "file": …, "sha256": … }`.
    ///
    /// # Errors
    /// [`InvalidIndex`] where it can't be read at all.
    pub fn parse(json: &'s str) -> Result<Self, InvalidIndex> {
        if json.len() > LONGEST_INDEX {
            return Err(InvalidIndex::TooLong);
        }
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let form =
            |error: serde_json::Error| InvalidIndex::Form { line: error.line(), column: error.column() };
        let items: Vec<&RawValue> = if json.trim_start().starts_with('{') {
            serde_json::from_str::<Form<'s>>(json).map_err(form)?.manifests
        } else {
            serde_json::from_str(json).map_err(form)?
        };
        if items.len() > MOST_MANIFESTS {
            return Err(InvalidIndex::TooMany);
        }
        let mut index = Self::default();
        for (number, item) in (1..).zip(items) {
            match listed(item.get()) {
                Ok(listed) => index.listed.push((number, listed)),
                Err(reason) => index.problems.push(format!("item {number} of the index {reason}")),
            }
        }
        Ok(index)
    }
}

fn listed(item: &str) -> Result<Listed<'_>, String> {
    if let Ok(path) = serde_json::from_str::<String>(item) {
        return Ok(Listed::File(ManifestFile { path: FilePath::parse(&path)?, sha256: None }));
    }
    if !item.starts_with('{') {
        return Err("is neither a manifest nor a file".to_owned());
    }
    // A manifest has no `file`, and what is said of it is said better by whoever reads manifests.
    let Ok(FileForm { file, sha256 }) = serde_json::from_str(item) else { return Ok(Listed::Inline(item)) };
    let digest = |text: String| digest(&text).ok_or("has a `sha256` that is not 64 of 0-9 and a-f");
    Ok(Listed::File(ManifestFile { path: FilePath::parse(&file)?, sha256: sha256.map(digest).transpose()? }))
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let plain = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)).filter(|_| plain) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    plain.then_some(bytes)
}

// === impl FilePath ===

impl FilePath {
    /// Takes letters, digits and `. _ - ~ @ +` in parts between `/`. No part is empty, and none begins with a dot.
    ///
    /// A `%` is refused with the rest: `%2e%2e` is `..` to a URL parser.
    fn parse(text: &str) -> Result<Self, String> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~@+".contains(&byte);
        let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(letter);
        if text.len() <= 512 && text.split('/').all(part) {
            return Ok(Self(text.to_owned()));
        }
        let shown = escaped(&text.chars().take(60).collect::<String>());
        Err(format!("names a file that is not below the index's own folder: {shown}"))
    }

    /// The path, relative to the index.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, sha256: Option<[u8; 32]>) -> Listed<'static> {
        Listed::File(ManifestFile { path: FilePath(path.to_owned()), sha256 })
    }

    #[test]
    fn manifests_and_files_are_listed_in_both_forms() {
        let list = r#"[ {"name":"a","server":{}}, "b.json", {"file":"c/d.json"}, {"file":"e.json","sha256":"DIGEST"} ]"#;
        let list = list.replace("DIGEST", &"0F".repeat(32));
        let expected = vec![
            (1, Listed::Inline(r#"{"name":"a","server":{}}"#)),
            (2, file("b.json", None)),
            (3, file("c/d.json", None)),
            (4, file("e.json", Some([15; 32]))),
        ];
        assert_eq!(CatalogIndex::parse(&list).unwrap().listed, expected);
        let object = format!(r#" {{ "title": "Ours", "manifests": {list} }} "#);
        assert_eq!(CatalogIndex::parse(&object).unwrap().listed, expected);
        assert_eq!(CatalogIndex::parse("[]").unwrap(), CatalogIndex::default());
    }

    #[test]
    fn a_file_elsewhere_is_refused_and_costs_the_others_nothing() {
        for path in [
            "https://evil.example/a.json",
            "//evil.example/a.json",
            "/a.json",
            "../a.json",
            "a/../../b.json",
            "a/%2e%2e/%2e%2e/b.json",
            ".env",
            "a//b.json",
            "a\\b.json",
            "a.json?x",
            "a.json#x",
            "",
            "a b.json",
            "ä.json",
        ] {
            let text = serde_json::json!([path, "good.json", { "file": path }]).to_string();
            let index = CatalogIndex::parse(&text).unwrap();
            assert_eq!(index.listed, [(2, file("good.json", None))], "{path}");
            assert!(index.problems[0].starts_with("item 1 ") && index.problems[1].starts_with("item 3 "));
        }
    }

    #[test]
    fn what_is_neither_is_named_by_its_number() {
        let text = r#"[1, null, {"file":"a.json","sha256":"x"}, [], {"file":"a.json","further":1}]"#;
        let index = CatalogIndex::parse(text).unwrap();
        assert_eq!(index.listed, [(5, Listed::Inline(r#"{"file":"a.json","further":1}"#))]);
        assert_eq!(index.problems.len(), 4);
        assert!(index.problems[2].contains("sha256"), "{:?}", index.problems);
    }

    #[test]
    fn what_is_no_index_is_refused_with_its_place() {
        for text in ["", "1", "\"a.json\"", "{}", r#"{"manifests":{}}"#, "[", "[]x", "\u{0}"] {
            assert!(matches!(CatalogIndex::parse(text), Err(InvalidIndex::Form { .. })), "{text:?}");
        }
        let many = format!("[{}1]", "1,".repeat(MOST_MANIFESTS));
        assert_eq!(CatalogIndex::parse(&many), Err(InvalidIndex::TooMany));
        assert_eq!(CatalogIndex::parse(&" ".repeat(LONGEST_INDEX + 1)), Err(InvalidIndex::TooLong));
    }
}
