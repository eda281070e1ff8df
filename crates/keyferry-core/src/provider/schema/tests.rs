//! The schema against the parser.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};
use toml::Table;

use super::{Key, Kind, TableKeys, json::literal, keys::TOP, schema};
use crate::{
    diagnostic::Diagnostics,
    provider::{ProviderFile, builtin, parse::Checked},
};

fn validator() -> Validator {
    jsonschema::draft7::new(&schema()).unwrap()
}

fn read(text: &str) -> Result<Checked, Diagnostics> {
    ProviderFile::parse("acme".parse().unwrap(), "acme.toml", text)
}

fn as_json(text: &str) -> Value {
    serde_json::to_value(text.parse::<Table>().unwrap()).unwrap()
}

fn value(text: &str) -> toml::Value {
    format!("v = {text}").parse::<Table>().unwrap().remove("v").unwrap()
}

/// What tables with a name are called: the one name that `[browser.tokens]` must have.
const NAME: &str = "access_token";

/// A key beside those of a table's least form, where one needs another.
const NEEDS: [(&str, &str, &str); 3] = [
    ("account.json", "method", "\"POST\""),
    ("account.metadata", "request", "\"https://api.acme.example/me\""),
    ("revocation.request_format", "bearer", "true"),
];

/// The least that a table holds, with a key, if it is given, and what that needs.
fn least(keys: &TableKeys, path: &str, with: Option<&str>) -> Table {
    let choice = keys.one_of.iter().find(|choice| with.is_some_and(|with| choice.contains(&with)));
    let choice = choice.or(keys.one_of.first()).copied().unwrap_or_default();
    let needed = keys.keys.iter().filter(|key| key.required || choice.contains(&key.name));
    let mut table: Table =
        needed.map(|key| (key.name.to_owned(), example(key, &below(path, key.name)))).collect();
    for (_, needed, text) in NEEDS.iter().filter(|(of, ..)| with.is_some_and(|with| *of == below(path, with)))
    {
        table.insert((*needed).to_owned(), value(text));
    }
    table
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn example(key: &Key, path: &str) -> toml::Value {
    match &key.kind {
        Kind::Table(keys) => least(keys, path, None).into(),
        Kind::Named(keys) => Table::from_iter([(NAME.to_owned(), least(keys, path, None).into())]).into(),
        Kind::Tables(keys) => vec![least(keys, path, None)].into(),
        _ => value(key.example),
    }
}

/// A table of the file: its keys and the way to it.
#[derive(Clone)]
struct Place {
    keys: &'static TableKeys,
    path: String,
    steps: Vec<&'static str>,
}

/// Every table that the schema has.
fn places() -> Vec<Place> {
    let mut places = vec![Place { keys: &TOP, path: String::new(), steps: Vec::new() }];
    let mut at = 0;
    while at < places.len() {
        let place = places[at].clone();
        for key in place.keys.keys {
            if let Kind::Table(keys) | Kind::Named(keys) | Kind::Tables(keys) = &key.kind {
                let steps = place.steps.iter().copied().chain([key.name]).collect();
                places.push(Place { keys, path: below(&place.path, key.name), steps });
            }
        }
        at += 1;
    }
    places
}

/// A file that is as small as can be, with a key set to a value in the table at `place`. Without a value it is left out.
fn file(place: &Place, key: &str, set: Option<toml::Value>) -> String {
    let first = place.steps.first().copied().unwrap_or(key);
    let mut top = least(&TOP, "", Some(first));
    let (mut table, mut keys, mut path) = (&mut top, &TOP, String::new());
    for (number, step) in (1..).zip(&place.steps) {
        let kind = &keys.keys.iter().find(|key| key.name == *step).unwrap().kind;
        path = below(&path, step);
        let next = place.steps.get(number).copied().unwrap_or(key);
        let (Kind::Table(inner) | Kind::Named(inner) | Kind::Tables(inner)) = kind else { unreachable!() };
        let least = toml::Value::from(least(inner, &path, Some(next)));
        let slot = match kind {
            Kind::Named(_) => {
                let named = table.entry(*step).or_insert_with(|| Table::new().into());
                named.as_table_mut().unwrap().insert(NAME.to_owned(), least);
                &mut named[NAME]
            }
            Kind::Tables(_) => {
                table.insert((*step).to_owned(), vec![least].into());
                &mut table[*step][0]
            }
            _ => {
                table.insert((*step).to_owned(), least);
                &mut table[*step]
            }
        };
        (table, keys) = (slot.as_table_mut().unwrap(), inner);
    }
    match set {
        Some(value) => table.insert(key.to_owned(), value),
        None => table.remove(key),
    };
    toml::to_string(&top).unwrap()
}

fn errors(text: &str) -> Vec<String> {
    let Err(found) = read(text) else { return Vec::new() };
    found.iter().map(|one| format!("{} | {}", one.message, one.hint.as_deref().unwrap_or_default())).collect()
}

#[test]
fn the_parser_asks_for_every_key_of_the_schema_and_for_no_other() {
    const STRANGE: &str = "zzzzzzzzzzzzzzzz";
    for place in places() {
        let text = file(&place, STRANGE, Some(1.into()));
        let found = errors(&text);
        let (_, known) = found
            .iter()
            .find_map(|one| one.split_once(" | known here: "))
            .unwrap_or_else(|| panic!("{found:?}\n{text}"));
        let parser: BTreeSet<_> = known.split(", ").collect();
        let ours: BTreeSet<_> = place.keys.keys.iter().map(|key| key.name).collect();
        assert_eq!(parser, ours, "[{}]", place.path);
        assert_eq!(known.split(", ").count(), ours.len(), "a key is named twice in {known}");
        assert!(!validator().is_valid(&as_json(&text)), "[{}] takes any key", place.path);
    }
}

#[test]
fn parser_and_schema_take_every_key_with_its_example_its_default_and_its_words() {
    let validator = validator();
    for place in places() {
        for key in place.keys.keys {
            let mut good = vec![example(key, &below(&place.path, key.name))];
            good.extend((!key.default.is_empty()).then(|| value(key.default)));
            if let Kind::Words(words) = key.kind {
                good.extend(words.iter().map(|word| toml::Value::from(*word)));
            }
            for value in good {
                let text = file(&place, key.name, Some(value));
                assert_eq!(errors(&text), [""; 0], "{text}");
                let found = validator.validate(&as_json(&text)).map_err(|error| error.to_string());
                assert_eq!(found, Ok(()), "{text}");
            }
        }
    }
}

#[test]
fn a_default_means_what_leaving_the_key_out_means() {
    let understood = |text: &str| {
        let file = read(text).unwrap_or_else(|found| panic!("{found}\n{text}")).file;
        format!("{:?}", ProviderFile { source: "".into(), ..file })
    };
    let mut tried = 0;
    for place in places() {
        for key in place.keys.keys.iter().filter(|key| !key.default.is_empty()) {
            let with = file(&place, key.name, Some(value(key.default)));
            assert_eq!(understood(&with), understood(&file(&place, key.name, None)), "{with}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}

#[test]
fn a_missing_table_or_key_is_missed_by_both() {
    let validator = validator();
    for place in places() {
        let choice = place.keys.one_of.first().copied().unwrap_or_default();
        for key in place.keys.keys.iter().filter(|key| key.required || choice.contains(&key.name)) {
            let text = file(&place, key.name, None);
            assert!(!errors(&text).is_empty() && !validator.is_valid(&as_json(&text)), "{text}");
        }
    }
}

#[test]
fn a_value_of_another_type_is_refused_by_both_and_the_schema_is_never_the_stricter() {
    let validator = validator();
    let values = [
        "5",
        "-5",
        "1.5",
        "true",
        "\"\"",
        "\"a b\"",
        "\"zz\"",
        "[]",
        "[1]",
        "[[1]]",
        "[\"a b\"]",
        "[\"/a\", \"/b\"]",
        "{}",
        "{ a = 1 }",
        "{ \"a b\" = \"a b\" }",
        "[{}]",
    ];
    for place in places() {
        for key in place.keys.keys {
            for text in values {
                let text = file(&place, key.name, Some(value(text)));
                let (found, valid) = (errors(&text), validator.is_valid(&as_json(&text)));
                assert!(valid || !found.is_empty(), "only the schema refuses\n{text}");
                let of_type = |one: &String| one.contains(" | it must be ") || one.contains("is not one of");
                assert!(!valid || !found.iter().any(of_type), "only the parser refuses: {found:?}\n{text}");
            }
        }
    }
}

#[test]
fn every_built_in_file_fits() {
    let validator = validator();
    for (name, text) in builtin() {
        let found = validator.validate(&as_json(text)).map_err(|error| error.to_string());
        assert_eq!(found, Ok(()), "{name}");
    }
}

#[test]
fn every_key_says_what_it_is_in_one_short_text() {
    for place in places() {
        for key in place.keys.keys {
            assert!(
                (10..=160).contains(&key.about.len()) && key.about.ends_with(['.', '}']),
                "{}",
                key.about
            );
            assert!(key.example.is_empty() || literal(key.example).is_some(), "{}", key.example);
            assert!(key.default.is_empty() || literal(key.default).is_some(), "{}", key.default);
        }
    }
}

#[test]
fn the_published_schema_is_this_one() {
    let published = include_str!("../../../../../docs/provider.schema.json");
    let published: Value = serde_json::from_str(published).unwrap();
    assert!(published == schema(), "write it anew: cargo xtask schema");
    assert_eq!(
        published["properties"]["token"]["properties"]["client_auth"]["default"],
        json!("client_secret_post")
    );
}
