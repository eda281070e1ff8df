//! A provider file as understood.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use super::{
    browser::Browser, config::ConfigField, endpoint::EndpointTemplate, implementation::Implementation,
    response::ReplyFormat,
};
use crate::{
    delivery::{EnvName, FileDelivery, JsonTemplate, Template},
    flow::{client::Method, revoke::TokenTypeHint},
    id::{ClientId, FactName, ProviderName},
    scope::Scopes,
    url::{Endpoint, Issuer},
};

/// One service that people have accounts at.
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
    /// Further variables without which the proxy can't use the provider.
    pub requires: Vec<EnvName>,
    /// How one signs in.
    pub sign_in: SignIn,
    /// What tells whose account it is.
    pub account: Option<Account>,
    /// What the person is asked for, by name.
    pub config: BTreeMap<FactName, ConfigField>,
    /// The variables that a server gets.
    pub env: BTreeMap<EnvName, Template>,
    /// The files that a server gets.
    pub files: Vec<FileDelivery>,
    /// The file as it was written. That of a built-in file is in the program.
    pub source: Cow<'static, str>,
}

/// How one signs in at a service.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// The authorization code flow.
    OAuth(Arc<OAuth>),
    /// A browser window in which the token is read.
    Browser(Box<Browser>),
}

/// The authorization code flow of one service.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// The authorization request.
    pub authorization: Authorization,
    /// The authorization response.
    pub callback: CallbackFormat,
    /// The token endpoint.
    pub token: TokenEndpoint,
    /// The revocation endpoint, where there is one (RFC 7009).
    pub revocation: Option<Revocation>,
    /// What does what the file can't say.
    pub implementation: Option<Implementation>,
}

/// `[authorization]`: RFC 6749 §4.1.1.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// The authorization endpoint.
    pub endpoint: EndpointTemplate,
    /// The issuer that the service names in its responses (RFC 9207). Where it is stated, a response without it is refused.
    pub issuer: Option<Issuer>,
    /// The scopes that are asked for.
    pub scopes: Scopes,
    /// The parameter that carries them.
    pub scope_param: String,
    /// What stands between two scopes in the request.
    pub scope_separator: String,
    /// The code challenge method.
    pub pkce: Pkce,
    /// Further parameters of the request, in order.
    pub params: Vec<(String, Template)>,
    /// What this service calls standard parameters.
    pub rename: Rename,
    /// What stands behind `#` in the URL.
    pub fragment: Option<String>,
    /// Where the response goes.
    pub redirect: Redirect,
}

/// What a service calls standard parameters; an empty name drops one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rename(pub(super) Vec<(String, String)>);

/// Where the response of a sign-in goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirect {
    /// To the app on loopback (RFC 8252 §7.3).
    Loopback,
    /// To the proxy, which sends it on, for services that want https.
    Proxy,
}

/// The code challenge method (RFC 7636 §4.2). `plain` does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// `S256`.
    S256,
    /// None, for services that refuse a challenge.
    None,
}

/// `[callback]`: RFC 6749 §4.1.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackFormat {
    /// The parameter that carries the code.
    pub code: String,
    /// Parameters that are kept as facts.
    pub metadata: Vec<FactName>,
}

/// `[token]`: RFC 6749 §4.1.3 and §6.
#[derive(Debug, Clone)]
pub struct TokenEndpoint {
    /// The token endpoint.
    pub endpoint: EndpointTemplate,
    /// The endpoint for refreshes, where it is another one.
    pub refresh_endpoint: Option<EndpointTemplate>,
    /// How the proxy authenticates itself.
    pub client_auth: ClientAuth,
    /// How the body is written.
    pub request_format: RequestFormat,
    /// Further parameters of the code exchange, in order.
    pub params: Vec<(String, Template)>,
    /// Further parameters of a refresh, in order.
    pub refresh_params: Vec<(String, Template)>,
    /// Further headers of both.
    pub headers: Vec<(String, Template)>,
    /// What this service calls standard parameters.
    pub rename: Rename,
    /// Whether its tokens can be refreshed.
    pub refresh: bool,
    /// Whether a refresh repeats the redirect URI of the sign-in.
    pub refresh_redirect_uri: bool,
    /// Whether a refresh ends the refresh token that it spent, as far as is known. Assumed unless the file says otherwise.
    pub rotates: bool,
    /// The access token's life in seconds, where the reply does not say.
    pub expires_in: Option<u64>,
    /// How long before its end a token is refreshed, in seconds.
    pub refresh_margin: Option<u64>,
    /// What a reply is like.
    pub response: ReplyFormat,
}

/// How a client authenticates at the token endpoint (RFC 6749 §2.3.1). Exactly one method is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// The HTTP Basic scheme.
    ClientSecretBasic,
    /// A signed assertion (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// A public client: `client_id` in the body, no secret.
    None,
}

/// How the body of a token request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFormat {
    /// `application/x-www-form-urlencoded`, as RFC 6749 §3.2 asks.
    Form,
    /// A JSON object.
    Json,
}

/// `[revocation]`: RFC 7009, and what services have in its place. What is none here is as at the token endpoint.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// The revocation endpoint.
    pub endpoint: EndpointTemplate,
    /// The method.
    pub method: Method,
    /// Whether there is a body, and how it is written.
    pub body: RevocationBody,
    /// Further parameters, in order.
    pub params: Vec<(String, Template)>,
    /// Further headers.
    pub headers: Option<Vec<(String, Template)>>,
    /// What this service calls standard parameters.
    pub rename: Option<Rename>,
    /// The one kind of token that it takes; both where this is none.
    pub token: Option<TokenTypeHint>,
    /// How the request is authenticated.
    pub authentication: RevocationAuth,
}

/// How a revocation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationBody {
    /// As a token request.
    AsToken,
    /// In a format of its own.
    In(RequestFormat),
    /// Without a body.
    None,
}

/// Who authenticates at a revocation endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationAuth {
    /// The client, as at the token endpoint.
    AsToken,
    /// The client, in a way of its own.
    Client(ClientAuth),
    /// The token that is revoked, as a bearer token (RFC 6750 §2.1). Nothing of the client is sent.
    Bearer,
}

/// `[account]`: one request after the sign-in, with the access token.
#[derive(Debug, Clone)]
pub struct Account {
    /// Where it goes; none where the ID token tells all.
    pub request: Option<EndpointTemplate>,
    /// Its method.
    pub method: Method,
    /// Its body, where it has one. Only what is POSTed does.
    pub json: Option<JsonTemplate>,
    /// Further headers.
    pub headers: Vec<(String, Template)>,
    /// What people call the account.
    pub label: Option<AccountLabel>,
    /// Facts to keep, by name: JSON Pointers into the reply (RFC 6901).
    pub metadata: Vec<(FactName, JsonPointer)>,
}

/// Where an account's label stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountLabel {
    /// In the reply.
    Reply(JsonPointer),
    /// In the ID token's claims.
    IdToken(JsonPointer),
    /// A fact that the redirect or the token reply told.
    Fact(FactName),
}

/// A JSON Pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPointer(String);

// === impl ProviderFile ===

impl ProviderFile {
    /// The authorization code flow, unless one signs in in a browser window.
    #[must_use]
    pub fn oauth(&self) -> Option<&OAuth> {
        match &self.sign_in {
            SignIn::OAuth(oauth) => Some(oauth),
            SignIn::Browser(_) => None,
        }
    }

    /// Every address that the file names, with its key as an author knows it. A refresh goes to the token endpoint unless the file
    /// says otherwise.
    #[must_use]
    pub fn addresses(&self) -> BTreeMap<&'static str, &str> {
        let mut found = BTreeMap::new();
        let account = self.account.as_ref().and_then(|account| account.request.as_ref());
        found.extend(account.map(|request| ("account.request", request.as_str())));
        found.extend(self.documentation_url.as_ref().map(|url| ("documentation_url", url.as_str())));
        match &self.sign_in {
            SignIn::OAuth(oauth) => {
                let (token, revocation) = (&oauth.token, oauth.revocation.as_ref());
                let refresh = token.refresh_endpoint.as_ref().unwrap_or(&token.endpoint);
                found.insert("authorization.endpoint", oauth.authorization.endpoint.as_str());
                found.insert("token.endpoint", token.endpoint.as_str());
                found.insert("token.refresh_endpoint", refresh.as_str());
                found.extend(revocation.map(|found| ("revocation.endpoint", found.endpoint.as_str())));
            }
            SignIn::Browser(browser) => drop(found.insert("browser.login_url", browser.login_url.as_str())),
        }
        found
    }

    /// The browser sign-in, where it is one.
    #[must_use]
    pub fn browser(&self) -> Option<&Browser> {
        match &self.sign_in {
            SignIn::OAuth(_) => None,
            SignIn::Browser(browser) => Some(browser),
        }
    }
}

// === impl Revocation ===

impl Revocation {
    /// Whether it takes tokens of this kind.
    #[must_use]
    pub fn takes(&self, kind: TokenTypeHint) -> bool {
        self.token.is_none_or(|token| token == kind)
    }
}

// === impl Rename ===

impl Rename {
    /// What the service calls a parameter; none where it must not be sent.
    #[must_use]
    pub fn name<'n>(&'n self, standard: &'n str) -> Option<&'n str> {
        let renamed = self.0.iter().find(|(from, _)| from == standard).map(|(_, to)| to.as_str());
        Some(renamed.unwrap_or(standard)).filter(|name| !name.is_empty())
    }

    /// The new names, by the standard ones.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(from, to)| (from.as_str(), to.as_str()))
    }
}

// === impl JsonPointer ===

impl JsonPointer {
    /// Reads a pointer: empty, or `/` before each step; `~` only as `~0` and `~1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shaped = text.is_empty() || text.starts_with('/');
        let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        (shaped && escaped && text.len() <= 512).then(|| Self(text.to_owned()))
    }

    /// The pointer to the whole.
    #[must_use]
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it points to.
    #[must_use]
    pub fn find<'v>(&self, value: &'v serde_json::Value) -> Option<&'v serde_json::Value> {
        value.pointer(&self.0).filter(|found| !found.is_null())
    }
}
