//! The token reply, in its standard form whatever the provider's was (RFC 6749 §5.1).

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use keyferry_core::flow::reply::TokenReply;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{clock, routes::reply};

/// Tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenResponse<'a> {
    access_token: &'a str,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// The access token's life in seconds; absent where the provider does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    /// Absent from a refresh where the old one stays in force. It may be sealed: it works at this proxy alone then.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    /// What was granted; absent where the provider does not say, which means what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    /// Further facts that the provider file asks to keep.
    metadata: BTreeMap<&'a str, &'a str>,
}

// === impl TokenResponse ===

impl TokenResponse<'_> {
    pub(super) fn respond(tokens: &TokenReply) -> Response {
        let response = TokenResponse {
            access_token: tokens.access_token.expose_secret(),
            token_type: "Bearer",
            expires_in: tokens.life(clock::now()),
            refresh_token: tokens
                .refresh_token
                .as_ref()
                .map(keyferry_core::secret::RefreshToken::expose_secret),
            scope: tokens.scopes.as_ref().map(|scopes| scopes.join(" ")),
            id_token: tokens.id_token.as_ref().map(keyferry_core::secret::IdToken::expose_secret),
            metadata: tokens
                .metadata
                .iter()
                .map(|(name, text)| (name.as_str(), text.expose_secret()))
                .collect(),
        };
        reply::secret(StatusCode::OK, &response)
    }
}
