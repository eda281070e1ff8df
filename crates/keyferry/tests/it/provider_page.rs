//! `docs/adding-providers.md` and the reader of provider files know the same keys and words, and what the page says to write is right.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use keyferry_core::{delivery::Word, provider::ProviderFile};
use toml::{Table, Value};

/// A key that no table has, and that is like none.
const NO_KEY: &str = "qqqqqqqqqqqqqqqqqqqq";

/// Each table of the format with a key that it does not know, so that the reader lists those that it does.
const OAUTH: &str = "display_name = \"A\"\nNO = 1\n[authorization]\nNO = 1\n[callback]\nNO = 1\n[token]\nNO = 1\n[token.response]\nNO = 1\n[token.response.error]\nNO = 1\n[revocation]\nNO = 1\n[account]\nNO = 1\n[config.NAME]\nNO = 1\n[[file]]\nNO = 1\n";
const BROWSER: &str = "display_name = \"A\"\n[browser]\nNO = 1\n[browser.tokens.NAME]\nNO = 1\n";

/// The ordinary file that the page's rows add to.
const LEAST: &str = "display_name = \"Acme\"\n[authorization]\nendpoint = \"https://acme.example/authorize\"\n[token]\nendpoint = \"https://acme.example/token\"\n[env]\nACME_TOKEN = \"{access_token}\"\n";

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/adding-providers.md")).unwrap()
}

/// The code spans of a cell.
fn spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The keys of each table, as the reader lists them.
fn known() -> BTreeMap<String, BTreeSet<String>> {
    let mut known = BTreeMap::new();
    for text in [OAUTH, BROWSER] {
        let text = text.replace("NO ", &format!("{NO_KEY} "));
        let findings = ProviderFile::parse("a".parse().unwrap(), "a.toml", &text).unwrap_err();
        for finding in findings.iter() {
            let Some((_, place)) = finding.message.split_once(&format!("unknown key `{NO_KEY}` ")) else {
                continue;
            };
            let table = place.strip_prefix("in [").and_then(|place| place.strip_suffix(']')).unwrap_or("top");
            let keys = finding.hint.as_ref().unwrap().strip_prefix("known here: ").unwrap().split(", ");
            known.insert(table.to_owned(), keys.map(str::to_owned).collect());
        }
    }
    known
}

/// The first cells of the tables below each third heading of a part of the page.
fn explained(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let part = page.split("\n## Every key\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let sections = part.split("\n### `").skip(1).map(|section| section.split_once('`').unwrap());
    let rows = |text: &str| -> BTreeSet<String> {
        let firsts = text.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
        firsts.flat_map(|cell| spans(&format!("`{cell}")).map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    sections.map(|(name, text)| (name.to_owned(), rows(text))).collect()
}

#[test]
fn every_key_that_the_reader_knows_stands_on_the_page_and_no_other() {
    let (known, mut explained) = (known(), explained(&page()));
    assert_eq!(known.len(), 12, "{:?}", known.keys());
    let words = explained.remove("env").unwrap();
    assert_eq!(explained, known);
    let plain = Word::PLAIN.map(|word| format!("{{{word}}}"));
    let named = ["{metadata.NAME}", "{config.NAME}"].map(str::to_owned);
    assert_eq!(words, plain.into_iter().chain(named).collect());
}

/// The value that a default cell shows, where it shows one.
fn shown(section: &str, key: &str) -> Option<serde_json::Value> {
    let row = section.lines().find(|line| line.starts_with(&format!("| `{key}` |")))?;
    let text = spans(row.split(" | ").nth(1)?).next()?;
    let table: Table = format!("v = {text}").parse().ok()?;
    serde_json::to_value(table.get("v")?).ok()
}

#[test]
fn the_defaults_on_the_page_are_those_of_the_schema() {
    let page = page();
    let schema = keyferry_core::provider::schema();
    let mut compared = 0;
    for table in ["", "authorization", "callback", "token", "token.response", "revocation", "account"] {
        let heading = if table.is_empty() { "top" } else { table };
        let section =
            page.split(&format!("\n### `{heading}`\n")).nth(1).unwrap().split("\n### ").next().unwrap();
        let place: String = table
            .split('.')
            .filter(|name| !name.is_empty())
            .map(|name| format!("/properties/{name}"))
            .collect();
        let properties = schema.pointer(&format!("{place}/properties")).unwrap().as_object().unwrap();
        for (key, about) in properties.iter().filter(|(_, about)| about["properties"].is_null()) {
            let Some(default) =
                about.get("default").filter(|_| !["env", "file", "config"].contains(&key.as_str()))
            else {
                continue;
            };
            assert_eq!(shown(section, key).as_ref(), Some(default), "[{heading}] {key}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "{compared}");
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(there)), Value::Table(more)) => merge(there, more),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

#[test]
fn what_the_page_says_to_write_is_a_good_file() {
    let page = page();
    let part = page
        .split("\n## When the service is not that ordinary\n")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let rows: Vec<_> = part.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert!(rows.len() >= 25, "{}", rows.len());
    for row in rows {
        let cell = row.split(" | ").nth(1).unwrap();
        let written: Table = spans(cell)
            .collect::<Vec<_>>()
            .join("\n")
            .parse()
            .unwrap_or_else(|error| panic!("{row}: {error}"));
        assert!(!written.is_empty(), "{row}");
        let mut file: Table = LEAST.parse().unwrap();
        merge(&mut file, written);
        let text = toml::to_string(&file).unwrap();
        match ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text) {
            Ok(checked) => assert!(checked.warnings.is_empty(), "{row}: {}", checked.warnings),
            Err(findings) => panic!("{row}: {findings}"),
        }
    }
}
