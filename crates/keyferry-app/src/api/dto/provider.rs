//! `/api/v1/providers` and below.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;

/// Every provider the app knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderList {
    /// Sorted by name.
    pub providers: Vec<Provider>,
    /// Why `configured` is unknown; absent when the proxy answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_problem: Option<Problem>,
    /// Provider files that could not be read or are not taken.
    pub problems: Vec<Problem>,
}

/// One provider, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    /// Its name: the provider file's name.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// Where its provider file came from: `built in`, a file, or `the proxy`.
    pub source: String,
    /// Whether the proxy holds its credentials; absent when the proxy could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<bool>,
    /// The hosts that the proxy's operator listed, where a person can name any host; absent where the provider file bounds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_hosts: Option<Vec<String>>,
}

/// One provider with what its file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderDetail {
    /// What the list says.
    #[serde(flatten)]
    pub provider: Provider,
    /// The file as it was written.
    pub text: String,
    /// Where the provider documents its OAuth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// What a person should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// How one signs in: `oauth`, or `browser` for a window in which the token is read.
    pub sign_in: String,
    /// The authorization endpoint, of an OAuth sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// The token endpoint, which only the proxy calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// The revocation endpoint, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// The method of a revocation, where it is not POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_method: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The redirect URI to register at the provider; absent where it is the proxy's and the proxy could not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// Whether its tokens are refreshed.
    pub refreshes: bool,
    /// What the person is asked for before the sign-in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config: Vec<ProviderConfig>,
    /// The login page, of a sign-in in a browser window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
    /// Names of the environment variables a server gets.
    pub environment: Vec<String>,
    /// Paths of the files a server gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Which of these hold the refresh token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refresh_token_in: Vec<String>,
    /// Why `configured` is unknown; absent when the proxy answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_problem: Option<Problem>,
}

/// One value that a provider asks of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderConfig {
    /// Its name.
    pub name: String,
    /// What a form calls it.
    pub title: String,
    /// What it is, and where to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A regular expression that a whole value must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What is taken where the person gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// A provider file that somebody pasted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderCheckRequest {
    /// The provider's name: what the file would be called, without `.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file's text.
    pub text: String,
}

/// What was found in a provider file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderCheck {
    /// Whether it can be used.
    pub usable: bool,
    /// Findings that keep it from being used.
    pub errors: usize,
    /// Findings that do not.
    pub warnings: usize,
    /// All of them, in the order of the lines.
    pub findings: Vec<Finding>,
    /// The file as understood, where it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderDetail>,
}

/// One finding in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// How bad it is.
    pub severity: FindingSeverity,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingSeverity {
    /// The file can't be used.
    Error,
    /// It can, but probably not as meant.
    Warning,
}
