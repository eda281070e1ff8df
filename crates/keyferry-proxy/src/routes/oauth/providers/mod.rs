//! `/oauth/providers/…`: what an app may know of the providers. Never a secret.

pub(in crate::routes) mod list;
pub(in crate::routes) mod show;

use keyferry_core::provider::{Pkce, ProviderFile};
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
    /// The variables that a server gets.
    env: Vec<&'a str>,
}

// === impl ProviderReply ===

impl<'a> ProviderReply<'a> {
    fn of(provider: &'a Provider) -> Self {
        let file: &ProviderFile = &provider.file;
        let authorization = &file.authorization;
        Self {
            name: file.name.as_str(),
            display_name: &file.display_name,
            documentation_url: file.documentation_url.as_ref().map(keyferry_core::url::Endpoint::as_str),
            categories: &file.categories,
            configured: provider.is_configured(),
            client_id: provider.client_id(),
            authorization_endpoint: authorization.endpoint.as_str(),
            token_endpoint: file.token.endpoint.as_str(),
            revocation_endpoint: file.revocation.as_ref().map(|found| found.endpoint.as_str()),
            issuer: authorization.issuer.as_ref().map(keyferry_core::url::Issuer::as_str),
            scopes: authorization.scopes.iter().map(keyferry_core::scope::Scope::as_str).collect(),
            pkce: match authorization.pkce {
                Pkce::S256 => "S256",
                Pkce::None => "none",
            },
            env: file.env.keys().map(keyferry_core::delivery::EnvName::as_str).collect(),
        }
    }
}
