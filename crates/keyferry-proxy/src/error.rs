//! What a caller is told when something fails: an object of RFC 6749 §5.2, in our words alone.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use keyferry_core::{
    flow::error::ErrorCode,
    provider::{InvalidConfig, UnresolvedEndpoint},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    fault::Fault, parameters::ParameterError, request_log::Outcome, routes::reply, seal::Unsealable,
};

/// Everything that a request can end with but success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error("This proxy asks for an access key, as Authorization: Bearer. Whoever runs it gives them out.")]
    AccessKey,
    #[error("Pages of this origin can not use this proxy; programs can.")]
    Origin,
    #[error("There is no such route. GET /openapi.json lists them.")]
    Route,
    #[error("This route does not take this method. GET /openapi.json lists the routes.")]
    Method,
    #[error("The body must be application/x-www-form-urlencoded or application/json, and not compressed.")]
    ContentType,
    #[error("The body is longer than this proxy reads.")]
    BodyTooLong,
    #[error("The body did not come in time.")]
    BodyTooSlow,
    #[error("The body could not be read to its end.")]
    BodyBroken,
    #[error(
        "Idempotency-Key must stand there once, as 32 random bytes in base64url, which are 43 characters. Draw one for each request, and send it again when you ask again."
    )]
    IdempotencyKey,
    #[error(
        "This Idempotency-Key belongs to another request, so nothing was sent to the provider. Draw a new one for each request."
    )]
    KeyReused,
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    #[error("This proxy knows no provider of that name. GET /oauth/providers lists them.")]
    UnknownProvider,
    #[error("This proxy has no credentials for the provider. Whoever runs it sets {id} and {secret}.")]
    NotConfigured { id: String, secret: String },
    #[error("grant_type must be authorization_code or refresh_token.")]
    GrantType,
    #[error(
        "redirect_uri must be http://127.0.0.1:PORT/oauth/callback/PROVIDER or http://[::1]:PORT/oauth/callback/PROVIDER with a port from 1024, to the letter."
    )]
    RedirectUri,
    #[error("This provider uses PKCE: code_verifier must be the one of the sign-in, 43 to 128 characters.")]
    Verifier,
    #[error("This provider does not use PKCE, so there is no challenge that code_verifier could belong to.")]
    UnexpectedVerifier,
    #[error(transparent)]
    Sealed(#[from] Unsealable),
    #[error("What the provider asks of the person can not be used: {0}.")]
    Config(InvalidConfig),
    #[error("What the provider asks of the person makes no address of its: {0}.")]
    Endpoint(UnresolvedEndpoint),
    #[error("Tokens of this provider can not be refreshed. Sign in again when they no longer work.")]
    NoRefresh,
    #[error(
        "This provider can not revoke, or not tokens of this kind. Remove the access in the account's settings there."
    )]
    NoRevocation,
    #[error("This code or token was presented too often.")]
    TooOften { retry_after: u32 },
    #[error("You ask too often.")]
    TooMany { retry_after: u32 },
    #[error("Too many requests to this provider are under way.")]
    Busy,
    #[error("Too many requests are under way.")]
    Full,
    #[error("The provider could not be reached several times in a row, so this proxy lets it rest.")]
    Resting { retry_after: u32 },
    #[error(
        "This provider does not use PKCE, and this proxy is open to anyone: without PKCE a stolen code could be redeemed here. Whoever runs the proxy can set access keys."
    )]
    OpenWithoutPkce,
    #[error(transparent)]
    Upstream(#[from] Fault),
    #[error("The proxy made a mistake. Its log has more under this request's id.")]
    Internal,
}

/// The error object (RFC 6749 §5.2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorReply<'a> {
    /// A code of RFC 6749 §4.1.2.1 and §5.2, or of RFC 7009 §2.2.1.
    #[schema(example = "invalid_grant")]
    error: &'static str,
    /// What failed and what to do, for people. ASCII without quotes and backslashes.
    error_description: &'a str,
    /// `host` where nothing was sent, for the provider is at a host that this proxy does not send its secret to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "host")]
    reason: Option<&'static str>,
}

/// When a busy provider's callers may come back, in seconds.
const BUSY_PAUSE: u32 = 1;

// === impl ProxyError ===

impl ProxyError {
    /// The code, the status and the name in logs and metrics.
    fn told(&self) -> (ErrorCode, StatusCode, &'static str) {
        use ErrorCode::{
            AccessDenied, InvalidClient, InvalidGrant, InvalidRequest, ServerError, TemporarilyUnavailable,
            UnauthorizedClient, UnsupportedGrantType, UnsupportedTokenType,
        };
        match self {
            Self::AccessKey => (InvalidClient, StatusCode::UNAUTHORIZED, "no_access_key"),
            Self::Origin => (AccessDenied, StatusCode::FORBIDDEN, "browser"),
            Self::Route => (InvalidRequest, StatusCode::NOT_FOUND, "no_route"),
            Self::Method => (InvalidRequest, StatusCode::METHOD_NOT_ALLOWED, "method"),
            Self::ContentType => (InvalidRequest, StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type"),
            Self::BodyTooLong => (InvalidRequest, StatusCode::PAYLOAD_TOO_LARGE, "body_too_long"),
            Self::BodyTooSlow => (InvalidRequest, StatusCode::REQUEST_TIMEOUT, "body_too_slow"),
            Self::BodyBroken => (InvalidRequest, StatusCode::BAD_REQUEST, "body_broken"),
            Self::IdempotencyKey => (InvalidRequest, StatusCode::BAD_REQUEST, "idempotency_key"),
            Self::KeyReused => (InvalidRequest, StatusCode::UNPROCESSABLE_ENTITY, "key_reused"),
            Self::Parameter(_) => (InvalidRequest, StatusCode::BAD_REQUEST, "parameters"),
            Self::UnknownProvider => (InvalidRequest, StatusCode::NOT_FOUND, "unknown_provider"),
            Self::NotConfigured { .. } => (UnauthorizedClient, StatusCode::BAD_REQUEST, "not_configured"),
            Self::GrantType => (UnsupportedGrantType, StatusCode::BAD_REQUEST, "grant_type"),
            Self::RedirectUri => (InvalidRequest, StatusCode::BAD_REQUEST, "redirect_uri"),
            Self::Verifier => (InvalidRequest, StatusCode::BAD_REQUEST, "code_verifier"),
            Self::UnexpectedVerifier => (InvalidRequest, StatusCode::BAD_REQUEST, "code_verifier"),
            // Not `invalid_grant`: the grant may well live, and the operator can bring the key back.
            Self::Sealed(Unsealable::UnknownKey) => {
                (UnauthorizedClient, StatusCode::BAD_REQUEST, "sealing_key")
            }
            Self::Sealed(Unsealable::NotTheirs) => (InvalidGrant, StatusCode::BAD_REQUEST, "sealed_token"),
            Self::Config(_) | Self::Endpoint(_) => (InvalidRequest, StatusCode::BAD_REQUEST, "config"),
            Self::NoRefresh => (UnsupportedGrantType, StatusCode::BAD_REQUEST, "no_refresh"),
            Self::NoRevocation => (UnsupportedTokenType, StatusCode::BAD_REQUEST, "no_revocation"),
            Self::TooOften { .. } => (TemporarilyUnavailable, StatusCode::TOO_MANY_REQUESTS, "too_often"),
            Self::TooMany { .. } => (TemporarilyUnavailable, StatusCode::TOO_MANY_REQUESTS, "too_many"),
            Self::Busy => (TemporarilyUnavailable, StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Full => (TemporarilyUnavailable, StatusCode::SERVICE_UNAVAILABLE, "full"),
            Self::Resting { .. } => {
                (TemporarilyUnavailable, StatusCode::SERVICE_UNAVAILABLE, "provider_resting")
            }
            Self::OpenWithoutPkce => (UnauthorizedClient, StatusCode::BAD_REQUEST, "open_without_pkce"),
            Self::Upstream(fault) => (fault.code(), fault.status(), fault.outcome()),
            Self::Internal => (ServerError, StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// Its name in logs and metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        self.told().2
    }

    fn description(&self) -> Cow<'static, str> {
        match self {
            Self::Upstream(fault) => Cow::Borrowed(fault.description()),
            _ => Cow::Owned(self.to_string()),
        }
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooOften { retry_after }
            | Self::TooMany { retry_after }
            | Self::Resting { retry_after } => Some(*retry_after),
            Self::Busy | Self::Full => Some(BUSY_PAUSE),
            Self::Upstream(fault) => fault.retry_after(),
            _ => None,
        }
    }
}

impl IntoResponse for ProxyError {
    fn into_response(self) -> Response {
        let (code, status, outcome) = self.told();
        let description = self.description();
        let reason = matches!(self, Self::Upstream(Fault::Host(_))).then_some("host");
        let body = ErrorReply { error: code.as_str(), error_description: &description, reason };
        let mut response = reply::secret(status, &body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(self, Self::AccessKey) {
            // RFC 6749 §5.2, RFC 6750 §3.
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"keyferry-proxy\""),
            );
        }
        response.extensions_mut().insert(Outcome(outcome));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyferry_core::provider::RefusedHost;

    fn all() -> Vec<ProxyError> {
        use ProxyError::*;
        let later = Fault::Later { status: StatusCode::TOO_MANY_REQUESTS, retry_after: Some(7) };
        let refused = |code| Fault::Refused { code, status: StatusCode::BAD_REQUEST, retry_after: None };
        let codes = [
            ErrorCode::InvalidRequest,
            ErrorCode::InvalidClient,
            ErrorCode::InvalidGrant,
            ErrorCode::UnauthorizedClient,
            ErrorCode::UnsupportedGrantType,
            ErrorCode::UnsupportedTokenType,
            ErrorCode::InvalidScope,
            ErrorCode::AccessDenied,
            ErrorCode::ServerError,
            ErrorCode::TemporarilyUnavailable,
            ErrorCode::Unrecognized,
        ];
        let faults = [
            Fault::Unmade,
            Fault::Host(RefusedHost::NotListed),
            Fault::Host(RefusedHost::OwnNetwork),
            Fault::Unreachable,
            Fault::NoFiles,
            Fault::Tls,
            Fault::TimedOut,
            Fault::Broken,
            Fault::TooLong,
            Fault::Redirect,
            Fault::NoReply,
            Fault::Status,
            later,
        ];
        let plain = [
            AccessKey,
            Origin,
            Route,
            Method,
            ContentType,
            BodyTooLong,
            BodyTooSlow,
            BodyBroken,
            IdempotencyKey,
            KeyReused,
            UnknownProvider,
            NotConfigured { id: "A_CLIENT_ID".to_owned(), secret: "A_CLIENT_SECRET".to_owned() },
            GrantType,
            RedirectUri,
            Verifier,
            UnexpectedVerifier,
            Config(InvalidConfig::Missing("subdomain".parse().unwrap())),
            Endpoint(UnresolvedEndpoint::Host(keyferry_core::delivery::Word::Config(
                "host".parse().unwrap(),
            ))),
            NoRefresh,
            NoRevocation,
            TooOften { retry_after: 3 },
            TooMany { retry_after: 3 },
            Busy,
            Full,
            Resting { retry_after: 3 },
            OpenWithoutPkce,
            Internal,
        ];
        plain
            .into_iter()
            .chain([Unsealable::UnknownKey, Unsealable::NotTheirs].map(Sealed))
            .chain(ParameterError::all().into_iter().map(Parameter))
            .chain(faults.map(Upstream))
            .chain(codes.map(|code| Upstream(refused(code))))
            .collect()
    }

    #[test]
    fn every_description_keeps_the_grammar_of_rfc_6749() {
        for error in all() {
            let text = error.description();
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(!text.is_empty() && text.bytes().all(allowed), "{error:?}: {text}");
        }
    }

    #[test]
    fn what_people_read_is_as_reviewed() {
        let lines: Vec<_> = all()
            .iter()
            .map(|error| {
                let (code, status, outcome) = error.told();
                format!("{} {} {outcome}: {}", status.as_u16(), code.as_str(), error.description())
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[tokio::test]
    async fn an_error_is_an_object_that_nobody_stores() {
        for error in all() {
            let shown = format!("{error:?}");
            let wait = error.retry_after();
            let response = error.into_response();
            let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            assert!(response.status().as_u16() >= 400, "{shown}");
            assert_eq!(header("cache-control").as_deref(), Some("no-store"), "{shown}");
            assert_eq!(header("pragma").as_deref(), Some("no-cache"), "{shown}");
            assert_eq!(header("content-type").as_deref(), Some("application/json"), "{shown}");
            assert_eq!(header("retry-after"), wait.map(|seconds| seconds.to_string()), "{shown}");
            let challenge = response.status() == StatusCode::UNAUTHORIZED;
            assert_eq!(header("www-authenticate").is_some(), challenge, "{shown}");
            let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let fields: Vec<_> = body.as_object().unwrap().keys().collect();
            let expected = ["error", "error_description", "reason"];
            assert_eq!(
                fields,
                expected[..if shown.contains("Host(Not") || shown.contains("Host(Own") { 3 } else { 2 }],
                "{shown}"
            );
        }
    }
}
