//! `/api/v1/catalog/sources` and below.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;

/// Every source of manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogSourceList {
    /// In their order.
    pub sources: Vec<CatalogSource>,
}

/// A source of manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogSource {
    /// By this it is asked about.
    pub id: String,
    /// What it is.
    pub kind: CatalogSourceKind,
    /// The path or the URL; `built in` for what came with the program.
    pub place: String,
    /// How many manifests it has.
    pub manifests: usize,
    /// Whether it can be removed: only what the person named can.
    pub removable: bool,
    /// When a list at a URL was there last; absent where it never was, and for folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub checked_at: Option<Timestamp>,
    /// Whether it is shown as it was then, for it could not be looked at since.
    pub is_old: bool,
    /// What is wrong with it or with manifests of it.
    pub problems: Vec<Problem>,
}

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatalogSourceKind {
    /// What came with the program.
    BuiltIn,
    /// The folder `catalog` in the data folder.
    Own,
    /// A folder that the person named.
    Folder,
    /// A list at a URL.
    Url,
}

/// A source to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogSourceRequest {
    /// A URL, or the whole path of a folder.
    pub place: String,
}

/// Which sources to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogRefreshRequest {
    /// One of them; all without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}
