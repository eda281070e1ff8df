//! `/api/v1/settings` and below.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;

/// Every setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingList {
    /// In the order of the documentation.
    pub settings: Vec<SettingState>,
    /// The settings file, whether it is there or not.
    pub file: String,
    /// Where the vault's master key is, in words. A setting does not move it.
    pub vault_key: String,
}

/// A setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingState {
    /// The key in the settings file.
    pub key: String,
    /// The variable that goes before it.
    pub variable: String,
    /// What holds: one text, or several of a list; none of a secret.
    pub values: Vec<String>,
    /// Whether there is a value.
    pub is_set: bool,
    /// Whether its value is a secret.
    pub is_secret: bool,
    /// Where it was given: a line of the file, a variable or a flag; absent for a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Whether it can be changed here.
    pub changeable: bool,
    /// What the file says now, where that is something else: it holds from the next start of the app on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Vec<String>>,
}

/// What a setting is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// The value as the settings file has it; `null` takes it out, and the default holds.
    pub value: Option<String>,
}

/// Which proxy to try.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyTestRequest {
    /// Its URL; the one of the settings without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What was found at a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProxyTest {
    /// Where.
    pub url: String,
    /// Whether there is a proxy that answers this app.
    pub works: bool,
    /// How many providers it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub providers: Option<usize>,
    /// The names of those that it holds credentials for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configured: Vec<String>,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
