//! `/oauth/providers/…`: what an app may know of the providers. Never a secret.

pub(in crate::routes) mod list;
pub(in crate::routes) mod show;

use keyferry_core::{
    id::FactName,
    provider::{ConfigField, Destinations, HostPattern, Pattern, Pkce, ProviderFile},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::registry::Provider;

/// One provider.
#[derive(Debug, Serialize, ToSchema)]
struct ProviderReply<'a> {
    #[schema(example = "jira")]
    name: &'a str,
    #[schema(example = "Jira")]
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation_url: Option<&'a str>,
    categories: &'a [String],
    /// Whether this proxy has credentials for it.
    configured: bool,
    /// The client id for the authorization request; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    authorization_endpoint: &'a str,
    token_endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    scopes: Vec<&'a str>,
    /// `S256` or `none`.
    #[schema(example = "S256")]
    pkce: &'static str,
    /// Where a sign-in comes back to, for a provider that wants https; absent where that is the app's own loopback address.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    /// What the person is asked for before the sign-in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    config: Vec<ConfigReply<'a>>,
    /// The hosts beyond those of the file to which this proxy sends its secret; absent where the file leaves no host to the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["git.acme.example", "*.team.example"]))]
    allowed_hosts: Option<Vec<String>>,
    /// The variables that a server gets.
    env: Vec<&'a str>,
    /// The provider file itself, from which an app learns a provider that it does not have.
    file: &'a str,
}

/// One value that the person is asked for.
#[derive(Debug, Serialize, ToSchema)]
struct ConfigReply<'a> {
    #[schema(example = "subdomain")]
    name: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// A regular expression that a whole value must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
}

// === impl ProviderReply ===

impl<'a> ProviderReply<'a> {
    fn of(provider: &'a Provider) -> Self {
        let file: &ProviderFile = &provider.file;
        let (authorization, token) = (&provider.oauth.authorization, &provider.oauth.token);
        let config = |(name, field): (&'a FactName, &'a ConfigField)| ConfigReply {
            name: name.as_str(),
            title: &field.title,
            description: field.description.as_deref(),
            pattern: field.pattern.as_ref().map(Pattern::as_str),
            default: field.default.as_deref(),
        };
        Self {
            name: file.name.as_str(),
            display_name: &file.display_name,
            documentation_url: file.documentation_url.as_ref().map(keyferry_core::url::Endpoint::as_str),
            categories: &file.categories,
            configured: provider.is_configured(),
            client_id: provider.client_id(),
            authorization_endpoint: authorization.endpoint.as_str(),
            token_endpoint: token.endpoint.as_str(),
            revocation_endpoint: provider.oauth.revocation.as_ref().map(|found| found.endpoint.as_str()),
            issuer: authorization.issuer.as_ref().map(keyferry_core::url::Issuer::as_str),
            scopes: authorization.scopes.iter().map(keyferry_core::scope::Scope::as_str).collect(),
            pkce: match authorization.pkce {
                Pkce::S256 => "S256",
                Pkce::None => "none",
            },
            redirect_uri: provider.own_redirect_uri(),
            config: file.config.iter().map(config).collect(),
            allowed_hosts: allowed_hosts(&provider.destinations),
            file: &file.source,
            env: file.env.keys().map(keyferry_core::delivery::EnvName::as_str).collect(),
        }
    }
}

fn allowed_hosts(destinations: &Destinations) -> Option<Vec<String>> {
    let listed = destinations.listed();
    (destinations.is_open() || !listed.is_empty()).then(|| listed.iter().map(HostPattern::text).collect())
}
