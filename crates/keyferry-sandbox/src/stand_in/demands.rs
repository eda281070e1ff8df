//! `demands.toml`: what a service asks for by its documentation, and what a server must have in the end.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a service demands. A part that is not there demands nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Demands {
    /// Values for the provider file's `[config.NAME]`.
    pub config: BTreeMap<String, String>,
    /// The authorization request.
    pub authorize: Option<AuthorizeDemand>,
    /// The code exchange.
    pub token: Option<TokenDemand>,
    /// The refresh. Where a token demand stands alone, there is none.
    pub refresh: Option<StepDemand>,
    /// The revocation. Where a token demand stands alone, there is none.
    pub revoke: Option<StepDemand>,
    /// The account's request.
    pub account: Option<AccountDemand>,
    /// What must come out of it.
    pub expected: Option<Expected>,
}

/// The authorization request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizeDemand {
    /// The endpoint.
    pub endpoint: String,
    /// Whether the service takes no redirect URI but an https one.
    #[serde(default)]
    pub https_redirect: bool,
    /// Parameters with their values.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Parameters of any value.
    #[serde(default)]
    pub present: Vec<String>,
    /// Parameters that must not be there.
    #[serde(default)]
    pub absent: Vec<String>,
}

/// The code exchange.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenDemand {
    /// The endpoint.
    pub endpoint: String,
    /// How the client authenticates; at the refresh too, unless that says otherwise.
    pub authentication: Authentication,
    /// How the body is written; likewise.
    pub format: BodyFormat,
    /// Exactly these parameters.
    pub params: Vec<String>,
    /// Headers that must be there, with their values.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// A refresh or a revocation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepDemand {
    /// The endpoint.
    pub endpoint: String,
    /// The method, where it is not POST.
    pub method: Option<String>,
    /// How the client authenticates, where it is not as at the code exchange.
    pub authentication: Option<Authentication>,
    /// How the body is written, where it is not as at the code exchange.
    pub format: Option<BodyFormat>,
    /// Exactly these parameters.
    pub params: Vec<String>,
    /// The one kind of token that it takes.
    pub token: Option<TokenKind>,
    /// Headers that must be there, with their values.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// The account's request. That it carries the access token is always demanded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountDemand {
    /// The endpoint.
    pub endpoint: Option<String>,
    /// The method, where it is not GET.
    pub method: Option<String>,
    /// The JSON body; without it there must be none.
    pub json: Option<serde_json::Value>,
    /// Headers that must be there, with their values.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// What must come out of a sign-in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// The account's label.
    pub account: Option<String>,
    /// The server's variables.
    pub env: BTreeMap<String, String>,
    /// The same after a refresh.
    pub after_refresh: BTreeMap<String, String>,
    /// The server's files, by their path; JSON is compared as JSON.
    pub files: BTreeMap<String, String>,
    /// Facts that are kept. More may be.
    pub metadata: BTreeMap<String, String>,
    /// The granted scopes, separated by spaces.
    pub scope: Option<String>,
    /// Whether it is known when the access token expires.
    pub expires: Option<bool>,
    /// Whether the words for a dead refresh token stand for other failures too, so that it can't be taken for dead.
    pub unclear_end: bool,
    /// What `error.http`, `error-2.http` and so on mean, in the codes of RFC 6749 §5.2.
    pub refusals: Vec<String>,
    /// Whether a refresh ends the refresh token that it spent.
    pub rotates: Option<bool>,
    /// What is taken for a `[config.NAME]` where the person gives no value.
    pub config_defaults: BTreeMap<String, String>,
    /// Values that a `[config.NAME]` must not take.
    pub config_refused: BTreeMap<String, String>,
}

/// How a client authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    /// Id and secret among the parameters.
    Body,
    /// The HTTP Basic scheme.
    Basic,
    /// A signed assertion (RFC 7523).
    Assertion,
    /// The token in the client's place, as a bearer token (RFC 6750 §2.1).
    Bearer,
    /// Not at all.
    None,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`
    Form,
    /// A JSON object.
    Json,
    /// Not at all: there is none.
    None,
}

/// A kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
}

impl TokenKind {
    /// The name of the field in which a reply has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

impl Demands {
    /// Reads `demands.toml`.
    ///
    /// # Errors
    /// The parser's sentence, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_not_there_demands_nothing_and_an_unknown_one_is_an_error() {
        let demands = Demands::parse("[config]\nteam = \"acme\"\n").unwrap();
        assert!(demands.token.is_none() && demands.config.contains_key("team"));
        assert!(Demands::parse("[tokens]\nendpoint = \"x\"\n").unwrap_err().contains("tokens"));
        assert!(Demands::parse("[token]\nendpoint = \"x\"\nauthentication = \"magic\"\n").is_err());
    }
}
