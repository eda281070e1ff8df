//! `/api/v1/providers` and below.

use serde::{Deserialize, Serialize};

use super::Problem;

/// Every provider the app knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderList {
    /// Sorted by name.
    pub providers: Vec<Provider>,
    /// Why `configured` is unknown; absent when the proxy answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_problem: Option<Problem>,
    /// Provider files that could not be read.
    pub problems: Vec<Problem>,
}

/// One provider, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Its name: the provider file's name.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// Where its provider file came from: `built in` or a file.
    pub source: String,
    /// Whether the proxy holds its credentials; absent when the proxy could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<bool>,
}

/// One provider with what its file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderDetail {
    /// What the list says.
    #[serde(flatten)]
    pub provider: Provider,
    /// Where the provider documents its OAuth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// What a person should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The authorization endpoint.
    pub authorization_endpoint: String,
    /// The token endpoint, which only the proxy calls.
    pub token_endpoint: String,
    /// The revocation endpoint, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The redirect URI to register at the provider.
    pub redirect_uri: String,
    /// Names of the environment variables a server gets.
    pub environment: Vec<String>,
    /// Why `configured` is unknown; absent when the proxy answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_problem: Option<Problem>,
}
