//! `[config.NAME]`: what the person is asked for before the sign-in, such as the name of their workspace.

use std::{collections::BTreeMap, sync::OnceLock};

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind, literal::Extractor};

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
///
/// It is compiled when the first value comes: most files of a folder are never asked for one, and compiling is the dearest part of
/// reading a file.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    hir: Hir,
    regex: OnceLock<Option<Regex>>,
}

/// The most that a compiled pattern may take, in bytes.
const LARGEST: usize = 1 << 20;

/// A pattern of at most this [`weight`] is far below [`LARGEST`], and needs no trial.
const SURELY_SMALL: usize = 1_000;

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
        // Read by itself first: in its place within other text `a)|(b` would be a pattern, too, and one that matches parts.
        let hir = regex_syntax::parse(text).map_err(|error| regex::Error::Syntax(error.to_string()))?;
        let pattern = Self { text: text.to_owned(), hir, regex: OnceLock::new() };
        if weight(&pattern.hir) > SURELY_SMALL {
            let regex = compile(&pattern.hir)?;
            let _ = pattern.regex.set(Some(regex));
        }
        Ok(pattern)
    }

    /// The pattern as it was understood, without what anchors it.
    pub(super) fn hir(&self) -> &Hir {
        &self.hir
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
        if value.contains('\n') {
            return false;
        }
        // A list of words, such as `eu|us`, is compared without being compiled.
        if let Some(words) = words(&self.hir) {
            return words.iter().any(|word| word == value.as_bytes());
        }
        if is_named(&self.hir, value.as_bytes()) {
            return true;
        }
        // Without a regular expression nothing matches; it fails for patterns alone that were refused before.
        let regex = self.regex.get_or_init(|| compile(&self.hir).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(value))
    }
}

/// The only texts that match, where they are few.
fn words(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    // A look-around, such as `\b`, narrows what its neighbours match.
    if !hir.properties().look_set().is_empty() {
        return None;
    }
    let found = Extractor::new().extract(hir);
    let literals = found.literals().filter(|_| found.is_exact())?;
    Some(literals.iter().map(|literal| literal.as_bytes().to_vec()).collect())
}

/// Whether the value is one of the words that stand between other alternatives, such as `common` in `(common|[a-z-]+)`. What a file has as
/// default usually is, so that it can be checked without compiling anything.
fn is_named(hir: &Hir, value: &[u8]) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => *literal.0 == *value,
        HirKind::Capture(capture) => is_named(&capture.sub, value),
        HirKind::Alternation(parts) => parts.iter().any(|part| is_named(part, value)),
        _ => false,
    }
}

fn compile(hir: &Hir) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(&format!("^(?:{hir})$")).size_limit(LARGEST).build()
}

/// How large the compiled pattern can get, in steps of the machine, and never less.
fn weight(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        // A range of characters beyond ASCII becomes several sequences of bytes.
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().map(|range| if range.end().is_ascii() { 1 } else { 16 }).sum::<usize>() + 1
        }
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() + 1,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1);
            weight(&repetition.sub)
                .saturating_add(1)
                .saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
        }
        HirKind::Capture(capture) => weight(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(weight).fold(1, usize::saturating_add)
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_values_and_what_is_none_is_refused_before_a_value_comes() {
        for (pattern, good, bad) in [
            ("eu|us", "us", "use"),
            ("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "a-b", "a-"),
            ("^a.c$", "abc", "abcd"),
            ("(?i)acme", "ACME", "ACME2"),
            ("(?x) a b # a comment", "ab", "a b"),
            ("(.+\\.)?acme\\.example", "git.acme.example", "acme.example.evil.test"),
            ("\\w{1,10}", "größe", "a b"),
            ("(eu|us)-(1|2)", "us-2", "us-3"),
            ("a\\b", "a", "ab"),
            ("(eu|us)*", "euus", "eux"),
            ("", "", "x"),
            ("(?m)a$", "a", "a\nb"),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            assert!(pattern.matches(good) && !pattern.matches(bad), "{pattern:?}");
        }
        for bad in
            ["a)|(b", "[a-", "a{9999999}", "(", "((a{100}){100}){100}", "(\\w{50}){50}", "\\p{L}{3000}"]
        {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_word_between_other_alternatives_needs_nothing_compiled() {
        let pattern = Pattern::parse("(common|acme\\.example|[a-z]{3})").unwrap();
        assert!(pattern.matches("common") && pattern.matches("acme.example"));
        assert!(pattern.regex.get().is_none());
        assert!(pattern.matches("abc") && !pattern.matches("commo") && !pattern.matches("acmeXexample"));
        assert!(pattern.regex.get().is_some());
    }

    /// Compiling is the dearest part of a start, and what it leaves behind stays in memory.
    #[test]
    fn no_built_in_file_needs_a_pattern_compiled_to_be_read() {
        let set = crate::provider::ProviderSet::builtin().unwrap();
        let patterns = set.iter().flat_map(|file| file.config.values().map(|field| (&file.name, field)));
        for (name, field) in patterns {
            let compiled = field.pattern.as_ref().is_some_and(|pattern| pattern.regex.get().is_some());
            assert!(!compiled, "{name}: put the default among the alternatives of its pattern");
        }
    }

    #[test]
    fn what_is_surely_small_compiles() {
        for pattern in
            ["\\w", "\\p{L}?", ".{0,20}", "(?i)[a-zß-ü]{0,30}", "[^a]{0,25}", "\\d{0,5}", "[a-z]{0,400}"]
        {
            let hir = regex_syntax::parse(pattern).unwrap();
            let (weight, compiled) =
                (weight(&hir), regex::RegexBuilder::new(pattern).size_limit(LARGEST / 4).build());
            assert!(weight > SURELY_SMALL || compiled.is_ok(), "{pattern} weighs {weight}");
        }
    }
}
