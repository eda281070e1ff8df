//! A JSON value whose strings are templates.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::{Template, Values, Word};

/// The value of a credential file. Values of words are escaped as JSON by construction.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTemplate {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text with words.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object, in the file's order. Its names may hold words, too.
    Object(Vec<(Template, JsonTemplate)>),
}

impl JsonTemplate {
    /// The value with its words replaced. A text whose word has no value is left out, and so is what holds nothing else.
    #[must_use]
    pub fn fill(&self, values: &Values<'_>) -> Option<Value> {
        match self {
            Self::Bool(value) => Some(Value::Bool(*value)),
            Self::Number(number) => Some(Value::Number(number.clone())),
            Self::Text(template) => text(template, values),
            Self::List(items) => {
                let filled: Vec<_> = items.iter().filter_map(|item| item.fill(values)).collect();
                (!filled.is_empty() || items.is_empty()).then_some(Value::Array(filled))
            }
            Self::Object(members) => {
                let filled: Map<_, _> = members
                    .iter()
                    .filter_map(|(name, value)| Some((key(name, values)?, value.fill(values)?)))
                    .collect();
                (!filled.is_empty() || members.is_empty()).then_some(Value::Object(filled))
            }
        }
    }

    /// Whether two names of an object become the same: one value would be lost.
    pub(super) fn doubles(&self, values: &Values<'_>) -> bool {
        match self {
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => false,
            Self::List(items) => items.iter().any(|item| item.doubles(values)),
            Self::Object(members) => {
                let mut names = BTreeSet::new();
                members.iter().any(|(name, value)| {
                    value.doubles(values) || key(name, values).is_some_and(|name| !names.insert(name))
                })
            }
        }
    }

    /// The templates of its values.
    pub(crate) fn texts(&self) -> Vec<&Template> {
        match self {
            Self::Bool(_) | Self::Number(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Object(members) => members.iter().flat_map(|(_, value)| value.texts()).collect(),
        }
    }

    /// Every template in it, those of names too.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Bool(_) | Self::Number(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Object(members) => {
                members.iter().flat_map(|(name, value)| [vec![name], value.templates()].concat()).collect()
            }
        }
    }
}

/// The name of a member; an empty one is a name as well.
fn key(name: &Template, values: &Values<'_>) -> Option<String> {
    match name.as_text() {
        Some(text) => Some(text.to_owned()),
        None => name.fill(values).map(|text| text.expose_secret().to_owned()),
    }
}

/// A point in time that stands alone is a number, scopes that stand alone are a list: so the programs that read such files want them.
fn text(template: &Template, values: &Values<'_>) -> Option<Value> {
    let filled = template.fill(values)?;
    match template.sole_word() {
        Some(Word::ExpiresAtUnix | Word::ExpiresAtUnixMs) => {
            filled.expose_secret().parse::<i64>().ok().map(Value::from)
        }
        Some(Word::Scopes) => Some(filled.expose_secret().split(' ').map(Value::from).collect()),
        _ => Some(Value::from(filled.expose_secret())),
    }
}
