//! An entry in a file of JSON, which may hold comments and trailing commas. Everything around it keeps its bytes.

use jsonc_parser::{
    ParseOptions,
    cst::{CstInputValue, CstObject, CstRootNode},
};
use serde_json::Value;

use super::{error::Problem, known::ENTRY};

/// Marks the encoding at the start of a file. No part of the JSON.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text with the entry in the object of this name, which is made where it is missing.
pub(super) fn put(text: &str, table: &str, entry: &[(&str, Value)]) -> Result<String, Problem> {
    let (mark, text) = split(text);
    let root = parse(if text.trim().is_empty() { "{\n}\n" } else { text })?;
    let top = root.object_value().ok_or_else(|| Problem("its whole is no object".to_owned()))?;
    let entries = match top.get(table) {
        None => top.object_value_or_set(table),
        Some(_) => object(&top, table)?.ok_or_else(|| Problem(format!("`{table}` is no object")))?,
    };
    match entries.get(ENTRY) {
        Some(there) if there.value().and_then(|value| value.to_serde_value()) == Some(whole(entry)) => {}
        Some(there) => there.set_value(written(entry)),
        None => {
            entries.append(ENTRY, written(entry));
        }
    }
    Ok(format!("{mark}{root}"))
}

/// The text without the entry; none where it has none.
pub(super) fn take(text: &str, table: &str) -> Result<Option<String>, Problem> {
    let (mark, text) = split(text);
    if text.trim().is_empty() {
        return Ok(None);
    }
    let root = parse(text)?;
    let Some(top) = root.object_value() else { return Ok(None) };
    let Some(entry) = object(&top, table)?.and_then(|entries| entries.get(ENTRY)) else { return Ok(None) };
    entry.remove();
    Ok(Some(format!("{mark}{root}")))
}

fn split(text: &str) -> (&str, &str) {
    match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (BYTE_ORDER_MARK, rest),
        None => ("", text),
    }
}

/// The object of this name. A name that stands twice is refused: programs differ in which of them counts.
fn object(top: &CstObject, name: &str) -> Result<Option<CstObject>, Problem> {
    let is_it =
        |property: &jsonc_parser::cst::CstObjectProp| property.decoded_name().as_deref() == Some(name);
    if top.properties().iter().filter(|property| is_it(property)).count() > 1 {
        return Err(Problem(format!("`{name}` stands there twice")));
    }
    Ok(top.object_value(name))
}

/// What editors read as JSON with comments, and no more: what is no such file may be no configuration at all.
fn parse(text: &str) -> Result<CstRootNode, Problem> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    CstRootNode::parse(text, &options).map_err(|error| Problem(format!("it is no JSON: {error}")))
}

fn whole(entry: &[(&str, Value)]) -> Value {
    Value::Object(entry.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn written(entry: &[(&str, Value)]) -> CstInputValue {
    CstInputValue::Object(entry.iter().map(|(name, value)| ((*name).to_owned(), input(value))).collect())
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}
