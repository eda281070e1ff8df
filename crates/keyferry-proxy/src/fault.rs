//! What can go wrong between the proxy and a provider.

use std::fmt;

use http::StatusCode;
use keyferry_core::{flow::error::ErrorCode, provider::RefusedHost};

/// Why a provider gave no usable reply. Holds nothing that the provider wrote but a code of the closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request could not be made: a key that does not sign, a value that no header holds. Nothing was sent.
    Unmade,
    /// The endpoint is at a host that is not the provider's, by its file or by the operator's list. Nothing was sent.
    Host(RefusedHost),
    /// No connection: name, TCP or its time limit. Nothing was sent.
    Unreachable,
    /// No file is left for a connection, in this process or the system. Nothing was sent, and it says nothing of the provider.
    NoFiles,
    /// The TLS handshake failed: certificate, name, date, or no TLS at all. Nothing was sent.
    Tls,
    /// The time for the whole exchange was over.
    TimedOut,
    /// The connection broke before the reply was whole.
    Broken,
    /// The reply was longer than the limit.
    TooLong,
    /// The provider sent us elsewhere. Not followed: the secret goes to the endpoint of the provider file alone.
    Redirect,
    /// The reply is no token reply.
    NoReply,
    /// A status that says «later»: 429 or 503.
    Later {
        /// The provider's status.
        status: StatusCode,
        /// When, in seconds, if it said so.
        retry_after: Option<u32>,
    },
    /// Another status without a usable error.
    Status,
    /// The provider could not be asked to revoke: the token may still work (RFC 7009 §2.2.1).
    NotRevoked {
        /// When to try again, in seconds.
        retry_after: u32,
        /// What came between.
        outcome: &'static str,
    },
    /// An OAuth error (RFC 6749 §5.2).
    Refused {
        /// Its code.
        code: ErrorCode,
        /// The status to pass on.
        status: StatusCode,
        /// When to come back, in seconds, if it said so.
        retry_after: Option<u32>,
    },
}

// === impl Fault ===

impl Fault {
    /// The code for the caller.
    pub(crate) const fn code(self) -> ErrorCode {
        match self {
            Self::Unreachable
            | Self::NoFiles
            | Self::TimedOut
            | Self::Broken
            | Self::Later { .. }
            | Self::Status
            | Self::NotRevoked { .. } => ErrorCode::TemporarilyUnavailable,
            Self::Unmade | Self::Tls | Self::TooLong | Self::Redirect | Self::NoReply => {
                ErrorCode::ServerError
            }
            Self::Host(_) => ErrorCode::InvalidRequest,
            Self::Refused { code, .. } => code,
        }
    }

    /// The status for the caller.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Later { status, .. } | Self::Refused { status, .. } => status,
            Self::NoFiles | Self::NotRevoked { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unmade => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Host(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    /// When to come back, in seconds.
    pub(crate) const fn retry_after(self) -> Option<u32> {
        match self {
            Self::Later { retry_after, .. } | Self::Refused { retry_after, .. } => retry_after,
            Self::NotRevoked { retry_after, .. } => Some(retry_after),
            Self::NoFiles => Some(1),
            _ => None,
        }
    }

    /// What the caller is told, in our words alone.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Unmade => {
                "The request to the provider could not be made. Whoever runs the proxy finds more in its log."
            }
            Self::Host(RefusedHost::NotListed) => {
                "This proxy does not send its secret to that host. Whoever runs it can list the host in the variable of the provider that ends in _ALLOWED_HOSTS."
            }
            Self::Host(RefusedHost::OwnNetwork) => {
                "That host is one of the own network, and this proxy sends nothing there. Whoever runs it can list that very host in the variable of the provider that ends in _ALLOWED_HOSTS."
            }
            Self::Unreachable => "The provider can not be reached. Nothing was sent to it; try again later.",
            Self::NoFiles => {
                "This proxy has no room for another connection, so nothing was sent to the provider. Try again later."
            }
            Self::Tls => {
                "The provider's certificate was not accepted, so nothing was sent to it. Whoever runs the proxy finds more in its log."
            }
            Self::TimedOut => "The provider did not answer in time. It may have used up what was sent to it.",
            Self::Broken => {
                "The connection to the provider broke before its answer was complete. It may have used up what was sent to it."
            }
            Self::TooLong => "The provider's answer is longer than any token reply.",
            Self::Redirect => "The provider answered with a redirect, which is never followed with a secret.",
            Self::NoReply => "The provider's answer is not a token reply.",
            Self::Later { .. } => "The provider asks to come back later.",
            Self::Status => "The provider answered with an error that has no OAuth error code.",
            Self::NotRevoked { .. } => {
                "The provider could not be asked to revoke the token, so it may still work. Try again later."
            }
            Self::Refused { code, .. } => refused(code),
        }
    }

    /// Its name in logs and metrics.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Unmade => "provider_unmade",
            Self::Host(_) => "provider_host",
            Self::Unreachable => "provider_unreachable",
            Self::NoFiles => "no_files",
            Self::Tls => "provider_tls",
            Self::TimedOut => "provider_timeout",
            Self::Broken => "provider_broken",
            Self::TooLong => "provider_too_long",
            Self::Redirect => "provider_redirect",
            Self::NoReply => "provider_no_reply",
            Self::Later { .. } => "provider_later",
            Self::Status => "provider_status",
            Self::NotRevoked { outcome, .. } => outcome,
            Self::Refused { .. } => "provider_refused",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.description())
    }
}

impl std::error::Error for Fault {}

const fn refused(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidGrant => {
            "The provider no longer accepts this code or refresh token. Sign in again."
        }
        ErrorCode::InvalidClient => {
            "The provider does not accept the proxy's client id and secret. Whoever runs the proxy has to correct them."
        }
        ErrorCode::UnauthorizedClient => {
            "The provider does not allow the proxy's registration to do this. Whoever runs the proxy has to check it, the redirect URI too."
        }
        ErrorCode::InvalidScope => "The provider does not grant these scopes to the proxy's registration.",
        ErrorCode::AccessDenied => "The provider denied access.",
        ErrorCode::TemporarilyUnavailable => "The provider asks to come back later.",
        ErrorCode::UnsupportedTokenType => "The provider does not revoke tokens of this kind.",
        ErrorCode::ServerError | ErrorCode::Unrecognized => {
            "The provider answered with an error of its own making."
        }
        ErrorCode::InvalidRequest | ErrorCode::UnsupportedGrantType | ErrorCode::UnsupportedResponseType => {
            "The provider does not understand the request. Its provider file may be wrong."
        }
    }
}
