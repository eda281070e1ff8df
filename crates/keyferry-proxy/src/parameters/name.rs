//! The names of all parameters.

/// A parameter of this API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// `provider`
    Provider,
    /// `grant_type` (RFC 6749 §4.1.3)
    GrantType,
    /// `code` (RFC 6749 §4.1.3)
    Code,
    /// `redirect_uri` (RFC 6749 §4.1.3)
    RedirectUri,
    /// `code_verifier` (RFC 7636 §4.5)
    CodeVerifier,
    /// `refresh_token` (RFC 6749 §6)
    RefreshToken,
    /// `token` (RFC 7009 §2.1)
    Token,
    /// `token_type_hint` (RFC 7009 §2.1)
    TokenTypeHint,
    /// `callback`: what the provider added to the redirect
    Callback,
    /// `config`: what the person was asked for
    Config,
}

// === impl Name ===

impl Name {
    /// The name as it stands in a request.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::GrantType => "grant_type",
            Self::Code => "code",
            Self::RedirectUri => "redirect_uri",
            Self::CodeVerifier => "code_verifier",
            Self::RefreshToken => "refresh_token",
            Self::Token => "token",
            Self::TokenTypeHint => "token_type_hint",
            Self::Callback => "callback",
            Self::Config => "config",
        }
    }

    /// Whether its value is an object; else it is a text.
    pub(crate) const fn is_object(self) -> bool {
        matches!(self, Self::Callback | Self::Config)
    }
}
