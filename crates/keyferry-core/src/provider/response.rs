//! `[token.response]`: where the parts of a token reply stand, for services whose replies are not those of RFC 6749 §5.

use std::collections::BTreeMap;

use super::file::JsonPointer;
use crate::{flow::error::ErrorCode, id::FactName};

/// What a token reply is like. The default is the standard one.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyFormat {
    /// The access token.
    pub access_token: Places,
    /// The token type; one that is there must be Bearer.
    pub token_type: Places,
    /// The refresh token.
    pub refresh_token: Places,
    /// The access token's life in seconds.
    pub expires_in: Places,
    /// When the access token expires: seconds or milliseconds since 1970, or RFC 3339.
    pub expires_at: Option<Places>,
    /// The granted scopes.
    pub scope: Places,
    /// The ID token.
    pub id_token: Places,
    /// Facts to keep, by name.
    pub metadata: Vec<(FactName, JsonPointer)>,
    /// What makes a reply a failure although its status is a success.
    pub error: Option<ErrorRule>,
    /// What the service's own error codes mean.
    pub errors: BTreeMap<String, ErrorCode>,
    pub(super) standard: bool,
}

/// Where a part of a reply stands: the first of these places that holds anything. Some services put a refreshed token elsewhere than
/// the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places(Vec<JsonPointer>);

/// A sign in the reply that it is a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorRule {
    /// Where the sign stands.
    pub at: JsonPointer,
    /// What it is in a failure: one of these, or any value where there are none.
    pub is: Vec<serde_json::Value>,
    /// What it is in a success, and in no failure.
    pub not: Vec<serde_json::Value>,
    /// Where the error's code stands.
    pub message: Option<JsonPointer>,
}

impl ErrorRule {
    /// The sign that a reply is a failure, where it is one.
    #[must_use]
    pub fn failure<'v>(&self, reply: &'v serde_json::Value) -> Option<&'v serde_json::Value> {
        let sign = self.at.find(reply)?;
        let failed = (self.is.is_empty() || self.is.contains(sign)) && !self.not.contains(sign);
        failed.then_some(sign)
    }
}

impl Places {
    pub(super) fn new(places: Vec<JsonPointer>) -> Self {
        Self(places)
    }

    /// What stands there.
    #[must_use]
    pub fn find<'v>(&self, reply: &'v serde_json::Value) -> Option<&'v serde_json::Value> {
        self.0.iter().find_map(|place| place.find(reply))
    }

    /// The places as they stand in the file.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(JsonPointer::as_str)
    }
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
        let at = |text: &str| Places::new(JsonPointer::parse(text).into_iter().collect());
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
