//! What the token and revocation endpoints answer when they refuse (RFC 6749 §5.2).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{grants::GrantError, reply};

/// A refusal. Its texts are fixed: nothing of the request comes back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("client authentication failed")]
    InvalidClient {
        /// Whether HTTP Basic was tried: then the challenge is due.
        basic: bool,
    },
    #[error("only authorization_code and refresh_token are offered")]
    UnsupportedGrantType,
    #[error("scope must name scopes of this server")]
    InvalidScope,
    #[error(transparent)]
    Grant(#[from] GrantError),
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: String,
}

// === impl TokenError ===

impl TokenError {
    fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::InvalidClient { .. } => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::InvalidScope | Self::Grant(GrantError::Scope) => (StatusCode::BAD_REQUEST, "invalid_scope"),
            Self::Grant(GrantError::Full) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            Self::Grant(GrantError::Mint(_)) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
            Self::Grant(_) => (StatusCode::BAD_REQUEST, "invalid_grant"),
        }
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let (status, error) = self.code();
        let error_description = match &self {
            Self::Grant(GrantError::Mint(cause)) => {
                tracing::error!(%cause, "no token could be made");
                "no token could be made".to_owned()
            }
            other => other.to_string(),
        };
        let mut response = reply::json(status, &Body { error, error_description });
        if matches!(self, Self::InvalidClient { basic: true }) {
            let challenge = HeaderValue::from_static(r#"Basic realm="keyferry-sandbox", charset="UTF-8""#);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
