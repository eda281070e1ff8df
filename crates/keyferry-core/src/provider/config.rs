//! `[config.NAME]`: what the person is asked for before the sign-in, such as the name of their workspace.

use std::collections::BTreeMap;

use regex::Regex;

use crate::{fact::Facts, id::FactName, secret::SecretText};

/// The longest value, in bytes.
const LONGEST: usize = 512;

/// One value that the person is asked for.
#[derive(Debug, Clone)]
pub struct ConfigField {
    /// What a form calls it.
    pub title: String,
    /// What it is, and where to find it.
    pub description: Option<String>,
    /// What a value must be.
    pub pattern: Option<Pattern>,
    /// What is taken where the person gives none.
    pub default: Option<String>,
}

/// A regular expression that a whole value must match.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// Why values are not accepted. Holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    /// A name that the provider file does not have.
    #[error("the provider asks for no `{0}`")]
    Unknown(FactName),
    /// A value without a default is missing.
    #[error("`{0}` is missing")]
    Missing(FactName),
    /// Not what the pattern asks for.
    #[error("`{0}` is not of the form that is asked for")]
    Pattern(FactName),
    /// Empty, overlong, or with a control character.
    #[error("`{0}` is empty, longer than 512 bytes, or holds a control character")]
    Text(FactName),
}

impl Pattern {
    /// Reads a pattern. It has to match a whole value, with or without `^` and `$`.
    ///
    /// # Errors
    /// What the `regex` crate says.
    pub fn parse(text: &str) -> Result<Self, regex::Error> {
        let regex = regex::RegexBuilder::new(&format!("^(?:{text})$")).size_limit(1 << 20).build()?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// The pattern as it stands in the file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a whole value matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        // `$` also matches before a line break at the end; no value may have one.
        !value.contains('\n') && self.regex.is_match(value)
    }
}

/// Checks what the person gave, and adds the defaults.
///
/// # Errors
/// The first [`InvalidConfig`].
pub fn check_config(
    fields: &BTreeMap<FactName, ConfigField>,
    given: &BTreeMap<FactName, String>,
) -> Result<Facts, InvalidConfig> {
    if let Some(name) = given.keys().find(|name| !fields.contains_key(*name)) {
        return Err(InvalidConfig::Unknown(name.clone()));
    }
    let checked = fields.iter().map(|(name, field)| {
        let value = given.get(name).filter(|value| !value.is_empty()).or(field.default.as_ref());
        let value = value.ok_or_else(|| InvalidConfig::Missing(name.clone()))?;
        if value.len() > LONGEST || value.chars().any(char::is_control) {
            return Err(InvalidConfig::Text(name.clone()));
        }
        if field.pattern.as_ref().is_some_and(|pattern| !pattern.matches(value)) {
            return Err(InvalidConfig::Pattern(name.clone()));
        }
        let text = SecretText::new(value.as_str()).map_err(|_| InvalidConfig::Text(name.clone()))?;
        Ok((name.clone(), text))
    });
    checked.collect()
}
