//! The words that a template may hold.

use std::fmt;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{
    fact::Facts,
    flow::Tokens,
    id::{ClientId, FactName},
    secret::SecretText,
};

/// A word that a template may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The access token.
    AccessToken,
    /// The refresh token. It should have one owner, the app: see the rule in `docs/architecture.md`.
    RefreshToken,
    /// The ID token.
    IdToken,
    /// The token type, `Bearer`.
    TokenType,
    /// The granted scopes, separated by spaces.
    Scope,
    /// The granted scopes; in JSON a list.
    Scopes,
    /// When the access token expires, RFC 3339.
    ExpiresAt,
    /// The same in seconds since 1970; in JSON a number.
    ExpiresAtUnix,
    /// The same in milliseconds since 1970; in JSON a number.
    ExpiresAtUnixMs,
    /// The account's label.
    Account,
    /// The client id that the connection was granted to.
    ClientId,
    /// A fact that the provider told.
    Metadata(FactName),
    /// A value that the person was asked for.
    Config(FactName),
}

const METADATA: &str = "metadata.";
const CONFIG: &str = "config.";

impl Word {
    /// Every word that needs no name of its own.
    pub const PLAIN: [Self; 11] = [
        Self::AccessToken,
        Self::RefreshToken,
        Self::IdToken,
        Self::TokenType,
        Self::Scope,
        Self::Scopes,
        Self::ExpiresAt,
        Self::ExpiresAtUnix,
        Self::ExpiresAtUnixMs,
        Self::Account,
        Self::ClientId,
    ];

    /// Reads a word as it stands between braces.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix(METADATA) {
            return name.parse().ok().map(Self::Metadata);
        }
        if let Some(name) = text.strip_prefix(CONFIG) {
            return name.parse().ok().map(Self::Config);
        }
        Self::PLAIN.into_iter().find(|word| word.plain_name() == text)
    }

    fn plain_name(&self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::IdToken => "id_token",
            Self::TokenType => "token_type",
            Self::Scope => "scope",
            Self::Scopes => "scopes",
            Self::ExpiresAt => "expires_at",
            Self::ExpiresAtUnix => "expires_at_unix",
            Self::ExpiresAtUnixMs => "expires_at_unix_ms",
            Self::Account => "account",
            Self::ClientId => "client_id",
            Self::Metadata(_) => METADATA,
            Self::Config(_) => CONFIG,
        }
    }

    /// Whether it stands for something that must stay secret.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::AccessToken | Self::RefreshToken | Self::IdToken | Self::Metadata(_))
    }
}

/// The word as it is written between braces.
impl fmt::Display for Word {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.plain_name())?;
        match self {
            Self::Metadata(name) | Self::Config(name) => out.write_str(name.as_str()),
            _ => Ok(()),
        }
    }
}

/// What the words stand for. What is not known yet has no value.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values<'a> {
    /// The connection's tokens.
    pub tokens: Option<&'a Tokens>,
    /// The account's label.
    pub account: Option<&'a str>,
    /// The client id that the connection was granted to.
    pub client_id: Option<&'a ClientId>,
    /// What the person was asked for.
    pub config: Option<&'a Facts>,
    /// What the provider told. The tokens' own facts count, too.
    pub metadata: Option<&'a Facts>,
}

impl Values<'_> {
    /// The text of a word; none where it has no value, an empty one counts as none.
    #[must_use]
    pub fn text(&self, word: &Word) -> Option<Zeroizing<String>> {
        let tokens = self.tokens;
        let expires_at = || tokens?.expires_at;
        let text = match word {
            Word::AccessToken => tokens?.access_token.expose_secret().to_owned(),
            Word::RefreshToken => tokens?.refresh_token.as_ref()?.expose_secret().to_owned(),
            Word::IdToken => tokens?.id_token.as_ref()?.expose_secret().to_owned(),
            Word::TokenType => "Bearer".to_owned(),
            Word::Scope | Word::Scopes => tokens?.scopes.to_string(),
            Word::ExpiresAt => expires_at()?.to_string(),
            Word::ExpiresAtUnix => expires_at().map(Timestamp::as_second)?.to_string(),
            Word::ExpiresAtUnixMs => expires_at().map(Timestamp::as_millisecond)?.to_string(),
            Word::Account => self.account?.to_owned(),
            Word::ClientId => self.client_id?.to_string(),
            Word::Metadata(name) => self.metadata(name)?.expose_secret().to_owned(),
            Word::Config(name) => self.config?.get(name)?.expose_secret().to_owned(),
        };
        if text.is_empty() { None } else { Some(Zeroizing::new(text)) }
    }

    fn metadata(&self, name: &FactName) -> Option<&SecretText> {
        let given = self.metadata.and_then(|facts| facts.get(name));
        given.or_else(|| self.tokens?.metadata.get(name))
    }
}
