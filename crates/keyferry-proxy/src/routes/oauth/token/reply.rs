//! The token reply, in its standard form whatever the provider's was (RFC 6749 §5.1).

use std::{collections::BTreeMap, time::Duration};

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{replay::Granted, routes::reply};

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
    /// The tokens of a reply that came so long ago, by which their life has become shorter.
    pub(super) fn respond(Granted { tokens, life }: &Granted, age: Duration) -> Response {
        // A part of a second counts as one: a token is never told to live longer than it does.
        let passed = age.as_secs() + u64::from(age.subsec_nanos() > 0);
        let response = TokenResponse {
            access_token: tokens.access_token.expose_secret(),
            token_type: "Bearer",
            expires_in: life.map(|life| life.saturating_sub(passed)),
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
