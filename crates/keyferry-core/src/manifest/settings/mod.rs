//! A person's answers to `user_config`.

pub(super) mod convert;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    show::{escaped, named},
    template::Template,
    user_config::{SettingKey, SettingSpec, UserConfig},
};
use crate::{secret::SecretText, suggest::nearest};

/// One thing that is wrong with the answers. Never holds a value of a sensitive setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {what}; {hint}")]
pub struct SettingProblem {
    /// The key, escaped for showing.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Answers that keep the rules of a manifest's `user_config`, with its defaults.
///
/// Not a serial form: what is stored are the answers as they were given, to be validated again when the server starts.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    chosen: BTreeMap<SettingKey, Chosen>,
}

/// The values of one setting; at least one.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) sensitive: bool,
    pub(super) values: Vec<SettingValue>,
}

/// One value.
#[derive(Debug, Clone)]
pub(super) enum SettingValue {
    /// As the person gave it; taken literally.
    Plain(String),
    /// The same of a sensitive setting.
    Secret(SecretText),
    /// The manifest's default.
    Default(Template),
}

impl Settings {
    /// Checks the answers, and fills in the defaults.
    ///
    /// A text is read as its setting's type asks, so what came from a command line (`port=80`) and what came as JSON (`80`) are the
    /// same. A missing answer or `null` takes the default; an empty text or list says «none», also against a default. A NUL is
    /// never accepted, nor a control character but in a text; there, line breaks and tabs are (a key in PEM form has them).
    ///
    /// # Errors
    /// Every problem at once, in the order of the manifest, unknown keys last.
    pub fn validate<'v>(
        config: &UserConfig,
        given: impl IntoIterator<Item = (&'v String, &'v Value)>,
    ) -> Result<Self, Vec<SettingProblem>> {
        let mut given: BTreeMap<&str, &Value> =
            given.into_iter().map(|(key, value)| (key.as_str(), value)).collect();
        let mut chosen = BTreeMap::new();
        let mut problems = Vec::new();
        for spec in config.iter() {
            match choose(spec, given.remove(spec.key.as_str())) {
                Ok(values) if values.is_empty() => {}
                Ok(values) => {
                    let one = Chosen { sensitive: spec.sensitive, values };
                    chosen.insert(spec.key.clone(), one);
                }
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(given.into_keys().map(|key| unknown(key, config)));
        if problems.is_empty() { Ok(Self { chosen }) } else { Err(problems) }
    }

    /// The sensitive values that the person gave, for whoever has to keep them out of a log.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretText> {
        self.chosen.values().flat_map(|chosen| &chosen.values).filter_map(|value| match value {
            SettingValue::Secret(secret) => Some(secret),
            SettingValue::Plain(_) | SettingValue::Default(_) => None,
        })
    }

    /// The values of a setting, where it has any.
    pub(super) fn get(&self, key: &SettingKey) -> Option<&Chosen> {
        self.chosen.get(key)
    }
}

fn choose(spec: &SettingSpec, given: Option<&Value>) -> Result<Vec<SettingValue>, SettingProblem> {
    let values = match given.filter(|value| !value.is_null()) {
        Some(value) => answers(spec, value)?,
        None => spec.default.iter().cloned().map(SettingValue::Default).collect(),
    };
    if values.is_empty() && spec.required {
        let what = format!("{} is missing", named(spec.label()));
        // A secret has no place on a command line, where other programs can read it.
        let hint = if spec.sensitive {
            format!("give a value for {}", spec.key)
        } else {
            format!("give it with --set {}=VALUE", spec.key)
        };
        return Err(problem(spec, what, hint));
    }
    Ok(values)
}

fn answers(spec: &SettingSpec, value: &Value) -> Result<Vec<SettingValue>, SettingProblem> {
    let texts = convert::texts(spec, value).map_err(|fault| problem(spec, fault.what, fault.hint))?;
    let one = |text| {
        if !spec.sensitive {
            return Ok(SettingValue::Plain(text));
        }
        let fault = |error| problem(spec, format!("can't be used: {error}"), "give another value".to_owned());
        SecretText::new(text).map(SettingValue::Secret).map_err(fault)
    };
    texts.into_iter().map(one).collect()
}

fn problem(spec: &SettingSpec, what: String, hint: String) -> SettingProblem {
    SettingProblem { key: spec.key.to_string(), what, hint }
}

fn unknown(key: &str, config: &UserConfig) -> SettingProblem {
    let hint = match nearest(key, config.keys()) {
        Some(meant) => format!("did you mean {meant}?"),
        None if config.keys().next().is_none() => "this server has no settings".to_owned(),
        None => format!("known: {}", config.keys().collect::<Vec<_>>().join(", ")),
    };
    let shown = escaped(&key.chars().take(60).collect::<String>());
    SettingProblem { key: shown, what: "there is no such setting".to_owned(), hint }
}
