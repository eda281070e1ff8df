//! The table of keys as a JSON Schema, draft 7: the newest that editors read for TOML.

use serde_json::{Map, Value, json};

use super::{Key, Kind, Names, TableKeys, keys::TOP};
use crate::provider::Implementation;

/// The JSON Schema of a provider file.
#[must_use]
pub fn schema() -> Value {
    let document = with(table(&TOP), "$schema", "http://json-schema.org/draft-07/schema#");
    let document = with(document, "title", "Keyferry provider file");
    with(document, "description", "What an OAuth service is like.")
}

/// A schema with one more member.
fn with(mut schema: Value, name: &str, value: impl Into<Value>) -> Value {
    if let Value::Object(members) = &mut schema {
        members.insert(name.to_owned(), value.into());
    }
    schema
}

fn table(table: &TableKeys) -> Value {
    let properties: Map<_, _> = table.keys.iter().map(|entry| (entry.name.to_owned(), key(entry))).collect();
    let required: Vec<_> = table.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        schema = with(schema, "required", required);
    }
    if !table.one_of.is_empty() {
        let choices: Value = table.one_of.iter().map(|keys| json!({ "required": keys })).collect();
        schema = with(schema, "oneOf", choices);
    }
    schema
}

fn key(key: &Key) -> Value {
    let default = if key.default.is_empty() { String::new() } else { format!(" Default: {}", key.default) };
    let mut schema = with(kind(&key.kind), "description", format!("{}{default}", key.about));
    if let Some(default) = literal(key.default) {
        schema = with(schema, "default", default);
    }
    if let Some(example) = literal(key.example) {
        schema = with(schema, "examples", vec![example]);
    }
    schema
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Text(pattern) => text(*pattern),
        Kind::Words(words) => json!({ "type": "string", "enum": words }),
        Kind::Implementation => json!({ "type": "string", "enum": Implementation::names() }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Duration => json!({ "type": ["string", "integer"], "minimum": 0 }),
        Kind::Scalar => json!({
            "type": ["string", "integer", "boolean", "array"],
            "items": { "type": ["string", "integer", "boolean"] },
        }),
        Kind::Texts(pattern) => json!({ "type": "array", "items": text(*pattern) }),
        Kind::TextOrTexts(pattern) => {
            json!({ "type": ["string", "array"], "pattern": pattern, "items": text(Some(pattern)) })
        }
        Kind::Pairs(Names::Listed(names), pattern) => {
            let properties: Map<_, _> =
                names.iter().map(|name| ((*name).to_owned(), text(*pattern))).collect();
            json!({ "type": "object", "additionalProperties": false, "properties": properties })
        }
        Kind::Pairs(names, pattern) => named(*names, text(*pattern)),
        Kind::Json => json!({ "type": ["string", "number", "boolean", "array", "object"] }),
        Kind::JsonTable => json!({ "type": "object" }),
        Kind::Table(keys) => table(keys),
        Kind::Named(keys) => named(Names::Like(super::keys::FACT), table(keys)),
        Kind::Tables(keys) => json!({ "type": "array", "items": table(keys) }),
    }
}

fn text(pattern: Option<&str>) -> Value {
    match pattern {
        Some(pattern) => json!({ "type": "string", "pattern": pattern }),
        None => json!({ "type": "string" }),
    }
}

fn named(names: Names, values: Value) -> Value {
    let schema = json!({ "type": "object", "additionalProperties": values });
    match names {
        Names::Like(pattern) => with(schema, "propertyNames", json!({ "pattern": pattern })),
        Names::Any | Names::Listed(_) => schema,
    }
}

/// A value in TOML as JSON; none where there is none.
pub(super) fn literal(text: &str) -> Option<Value> {
    let mut table: toml::Table = format!("value = {text}").parse().ok()?;
    serde_json::to_value(table.remove("value")?).ok()
}
