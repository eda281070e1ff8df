//! `user_config`: what a server asks of the person.

use std::{fmt, str::FromStr};

use serde_json::Value;

use super::{show::named, template::Template};

/// The key of a setting: 1 to 64 of `A-Z a-z 0-9 _ - .`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingKey(String);

/// A text that can't be the key of a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the setting {shown} is not valid: a key is 1 to 64 of A-Z, a-z, 0-9, '_', '-' and '.'")]
pub struct InvalidSettingKey {
    shown: String,
}

impl SettingKey {
    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SettingKey {
    type Err = InvalidSettingKey;

    fn from_str(text: &str) -> Result<Self, InvalidSettingKey> {
        let valid = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidSettingKey { shown: named(text) }) }
    }
}

impl fmt::Display for SettingKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The five kinds of setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// Text.
    String,
    /// A finite number.
    Number,
    /// Yes or no.
    Boolean,
    /// The path of a directory.
    Directory,
    /// The path of a file.
    File,
}

impl SettingKind {
    pub(super) const ALL: [Self; 5] =
        [Self::String, Self::Number, Self::Boolean, Self::Directory, Self::File];

    /// The name in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Directory => "directory",
            Self::File => "file",
        }
    }
}

/// One setting that a manifest declares.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingSpec {
    /// Its key.
    pub key: SettingKey,
    /// What kind of value it takes.
    pub kind: SettingKind,
    /// The label for people.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether a server can't be installed without it.
    pub required: bool,
    /// What is taken when the person says nothing; more than one only where `multiple`. May name places of the machine.
    pub default: Vec<Template>,
    /// Whether it takes several values.
    pub multiple: bool,
    /// Whether the value is a secret.
    pub sensitive: bool,
    /// Whether a server in a container may change the files of this path; only read them otherwise. Ours, not MCPB's.
    pub writable: bool,
    /// The smallest number allowed.
    pub min: Option<f64>,
    /// The largest number allowed.
    pub max: Option<f64>,
}

impl SettingSpec {
    /// The name for people; failing that, the key.
    #[must_use]
    pub fn label(&self) -> &str {
        self.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(self.key.as_str())
    }

    /// The default as JSON of its kind, placeholders unfilled; a list where the setting takes several values.
    #[must_use]
    pub fn default_json(&self) -> Option<Value> {
        let one = |template: &Template| {
            let text = template.as_str();
            match self.kind {
                SettingKind::Number | SettingKind::Boolean => {
                    serde_json::from_str(text).unwrap_or(text.into())
                }
                _ => text.into(),
            }
        };
        if self.multiple && !self.default.is_empty() {
            return Some(self.default.iter().map(one).collect());
        }
        self.default.first().map(one)
    }
}

/// All settings of a manifest, in the order of its file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserConfig(Vec<SettingSpec>);

impl UserConfig {
    pub(super) fn new(specs: Vec<SettingSpec>) -> Self {
        Self(specs)
    }

    /// The settings, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &SettingSpec> {
        self.0.iter()
    }

    /// The setting of exactly this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&SettingSpec> {
        self.0.iter().find(|spec| spec.key.as_str() == key)
    }

    /// All keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|spec| spec.key.as_str())
    }
}
