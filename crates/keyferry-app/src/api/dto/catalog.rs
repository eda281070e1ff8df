//! `GET /api/v1/catalog` and `GET /api/v1/catalog/{name}`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{CatalogNeeds, Here, Problem};

/// Manifests that the app knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CatalogList {
    /// Sorted by name: of those that fit what was asked for, the part that was asked for.
    pub entries: Vec<CatalogEntry>,
    /// How many fit.
    pub total: usize,
    /// The categories of all manifests, by name.
    pub categories: Vec<CatalogCategory>,
    /// What could not be read of the sources, and names that two of them claim.
    pub problems: Vec<Problem>,
}

/// A shelf of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogCategory {
    /// Its name, as manifests have it.
    pub name: String,
    /// How many manifests stand on it.
    pub count: usize,
}

/// What of the catalog is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CatalogQuery {
    /// Words that each have to stand in the name, the description, the category, a keyword or a tool's name, whatever their case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// A category, whatever its case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What it must need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<CatalogNeed>,
    /// Whether it can be installed, or whether not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installable: Option<bool>,
    /// How many of them to leave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// How many to tell at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A kind of need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatalogNeed {
    /// An account, required or not.
    Account,
    /// Settings that the person has to give.
    Settings,
    /// A container engine.
    Container,
    /// A service that runs elsewhere.
    Remote,
    /// Neither an account nor settings.
    Nothing,
}

/// One manifest, as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// Where the manifest came from: `built in`, a file, or the URL of a list.
    pub source: String,
    /// Other places with a manifest of this name, which do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<String>,
    /// The shelf it stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its icon, as the manifest has it: a file below its folder, or an https URL. To be looked at by nobody unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// What the server needs.
    pub needs: CatalogNeeds,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInNeed {
    /// The provider; absent when the server's own metadata names it (discovery).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Whether the server can't be installed without it.
    pub required: bool,
    /// The provider of the sign-in without OAuth, where the manifest offers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser_provider: Option<String>,
}

/// One manifest with all that matters before it is installed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// Whether it can work on this machine as it is.
    pub can_work: bool,
    /// In which ways, and why not in the others.
    pub here: Vec<Here>,
    /// What the server asks of the person.
    pub settings: Vec<SettingField>,
    /// Tools the manifest announces; the running server has the last word.
    pub tools: Vec<CatalogTool>,
}

/// A tool as a manifest announces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogTool {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One setting (`user_config`) of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
