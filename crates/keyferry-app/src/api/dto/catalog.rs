//! `GET /api/v1/catalog` and `GET /api/v1/catalog/{name}`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Problem;

/// Every manifest the app knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogList {
    /// Sorted by name.
    pub entries: Vec<CatalogEntry>,
    /// Files of a catalog folder that could not be read as manifests.
    pub problems: Vec<Problem>,
}

/// One manifest, as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogEntry {
    /// The manifest's name: what `install` takes.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// One sentence about the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The manifest's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where the manifest came from: `built in` or a file.
    pub source: String,
    /// The account the server needs or can use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInNeed>,
    /// Whether a server of this name is installed.
    pub installed: bool,
    /// Why the server can't be installed; absent when it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_installable: Option<Problem>,
}

/// The sign-in a manifest names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInNeed {
    /// The provider; absent when the server's own metadata names it (discovery).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Whether the server can't be installed without it.
    pub required: bool,
    /// The provider of the sign-in without OAuth, where the manifest offers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser_provider: Option<String>,
    /// Whether that one is the required one. Where both are, one of them is enough.
    #[serde(default)]
    pub browser_required: bool,
}

/// One manifest with all that matters before it is installed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogEntryDetail {
    /// What the list says.
    #[serde(flatten)]
    pub entry: CatalogEntry,
    /// The long text, as the manifest has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// Who wrote the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// The exact command that will run, escaped so that nothing in it can hide (settings still as placeholders).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What the server asks of the person.
    pub settings: Vec<SettingField>,
    /// Tools the manifest announces; the running server has the last word.
    pub tools: Vec<CatalogTool>,
}

/// A tool as a manifest announces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogTool {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One setting (`user_config`) of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingField {
    /// The key `--set KEY=VALUE` takes.
    pub key: String,
    /// What kind of value it is.
    pub kind: SettingKind,
    /// The label for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether an install without it is refused.
    pub required: bool,
    /// The value used when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether the value is a secret: it is then never shown again.
    pub sensitive: bool,
    /// Whether several values may be given.
    pub multiple: bool,
    /// The smallest number allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// The five kinds of setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// Text.
    String,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// A file that exists.
    File,
    /// A directory that exists.
    Directory,
}
