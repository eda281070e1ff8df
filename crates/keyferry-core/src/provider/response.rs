//! `[token.response]`: where the parts of a token reply stand, for services whose replies are not those of RFC 6749 §5.

use std::collections::BTreeMap;

use super::file::JsonPointer;
use crate::{flow::error::ErrorCode, id::FactName};

/// What a token reply is like. The default is the standard one.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyFormat {
    /// The access token.
    pub access_token: JsonPointer,
    /// The token type; one that is there must be Bearer.
    pub token_type: JsonPointer,
    /// The refresh token.
    pub refresh_token: JsonPointer,
    /// The access token's life in seconds.
    pub expires_in: JsonPointer,
    /// When the access token expires: seconds or milliseconds since 1970, or RFC 3339.
    pub expires_at: Option<JsonPointer>,
    /// The granted scopes.
    pub scope: JsonPointer,
    /// The ID token.
    pub id_token: JsonPointer,
    /// Facts to keep, by name.
    pub metadata: Vec<(FactName, JsonPointer)>,
    /// What makes a reply a failure although its status is a success.
    pub error: Option<ErrorRule>,
    /// What the service's own error codes mean.
    pub errors: BTreeMap<String, ErrorCode>,
    pub(super) standard: bool,
}

/// A sign in the reply that it is a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorRule {
    /// Where the sign stands.
    pub at: JsonPointer,
    /// What it must be; any value where this is none.
    pub is: Option<serde_json::Value>,
    /// Where the error's code stands.
    pub message: Option<JsonPointer>,
}

impl ReplyFormat {
    /// Whether replies are those of RFC 6749 §5, and nothing more is kept of them.
    #[must_use]
    pub const fn is_standard(&self) -> bool {
        self.standard
    }

    /// What an error code of the service means.
    #[must_use]
    pub fn error_code(&self, text: &str) -> ErrorCode {
        self.errors.get(text).copied().unwrap_or_else(|| ErrorCode::from_provider(text))
    }
}

impl Default for ReplyFormat {
    fn default() -> Self {
        let at = |text: &str| JsonPointer::parse(text).unwrap_or_else(JsonPointer::root);
        Self {
            access_token: at("/access_token"),
            token_type: at("/token_type"),
            refresh_token: at("/refresh_token"),
            expires_in: at("/expires_in"),
            expires_at: None,
            scope: at("/scope"),
            id_token: at("/id_token"),
            metadata: Vec::new(),
            error: None,
            errors: BTreeMap::new(),
            standard: true,
        }
    }
}
