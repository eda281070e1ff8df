//! A provider file as understood.

use std::collections::BTreeMap;

use crate::{
    delivery::{EnvName, Template},
    id::{ClientId, ProviderName},
    scope::Scopes,
    url::{Endpoint, Issuer},
};

/// One OAuth service.
#[derive(Debug, Clone)]
pub struct ProviderFile {
    /// The file's name without `.toml`.
    pub name: ProviderName,
    /// What people call the service.
    pub display_name: String,
    /// Where the service documents its OAuth.
    pub documentation_url: Option<Endpoint>,
    /// What an author should know, such as what is uncertain.
    pub notes: Option<String>,
    /// Words to group it by.
    pub categories: Vec<String>,
    /// A public client id. One that the proxy has wins.
    pub client_id: Option<ClientId>,
    /// The authorization request.
    pub authorization: Authorization,
    /// The token endpoint.
    pub token: TokenEndpoint,
    /// The revocation endpoint, where there is one (RFC 7009).
    pub revocation: Option<Revocation>,
    /// The variables that a server gets.
    pub env: BTreeMap<EnvName, Template>,
}

/// `[authorization]`: RFC 6749 §4.1.1.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// The authorization endpoint.
    pub endpoint: Endpoint,
    /// The issuer that the service names in its responses (RFC 9207). Where it is stated, a response without it is refused.
    pub issuer: Option<Issuer>,
    /// The scopes that are asked for.
    pub scopes: Scopes,
    /// What stands between two scopes in the request.
    pub scope_separator: String,
    /// The code challenge method.
    pub pkce: Pkce,
    /// Further parameters of the request, in order.
    pub params: Vec<(String, String)>,
}

/// The code challenge method (RFC 7636 §4.2). `plain` does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// `S256`.
    S256,
    /// None, for services that refuse a challenge.
    None,
}

/// `[token]`: RFC 6749 §4.1.3 and §6.
#[derive(Debug, Clone)]
pub struct TokenEndpoint {
    /// The token endpoint.
    pub endpoint: Endpoint,
    /// How the proxy authenticates itself.
    pub client_auth: ClientAuth,
    /// Further parameters of the code exchange, in order.
    pub params: Vec<(String, String)>,
}

/// How a client authenticates at the token endpoint (RFC 6749 §2.3.1). Exactly one method is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// The HTTP Basic scheme.
    ClientSecretBasic,
    /// A public client: `client_id` in the body, no secret.
    None,
}

/// `[revocation]`: RFC 7009.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// The revocation endpoint.
    pub endpoint: Endpoint,
}
