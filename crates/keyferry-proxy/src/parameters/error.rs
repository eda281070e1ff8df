//! What can be wrong with parameters.

use super::Name;

/// Why parameters can't be used. Holds only names of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterError {
    #[error("The body is not a JSON object, or not what its content type says.")]
    Body,
    #[error("The body has a parameter that this route does not know. GET /openapi.json lists them.")]
    Unknown,
    #[error("client_ parameters are not taken: the proxy is the client and authenticates itself.")]
    Client,
    #[error("scope is not taken here: what was granted stays, and a refresh never asks for more.")]
    Scope,
    #[error("{} stands there more than once.", .0.as_str())]
    Repeated(Name),
    #[error("{} is missing.", .0.as_str())]
    Missing(Name),
    #[error("{} does not belong to this grant type.", .0.as_str())]
    Misplaced(Name),
    #[error("{} must be a text.", .0.as_str())]
    NotText(Name),
    #[error(
        "{} must be an object of at most 32 texts, each with a name of at most 64 and a value of at most 2048 characters.",
        .0.as_str()
    )]
    NotValues(Name),
    #[error("{} has a length or characters that it can not have.", .0.as_str())]
    Grammar(Name),
    #[error("token_type_hint must be access_token or refresh_token.")]
    Hint,
}

#[cfg(test)]
impl ParameterError {
    /// One of each, for tests over all.
    pub(crate) fn all() -> Vec<Self> {
        let name = Name::RedirectUri;
        vec![
            Self::Body,
            Self::Unknown,
            Self::Client,
            Self::Scope,
            Self::Repeated(name),
            Self::Missing(name),
            Self::Misplaced(name),
            Self::NotText(name),
            Self::NotValues(name),
            Self::Grammar(name),
            Self::Hint,
        ]
    }
}
