//! OAuth error codes (RFC 6749 §4.1.2.1 and §5.2) as a closed set, and what each means for a grant.

/// What a failure says about the grant behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The provider no longer honours this grant: the person has to sign in again.
    Definite,
    /// The registration or the request is wrong: whoever runs the proxy has to act. The grant may well live.
    Operator,
    /// It may pass by itself. Says nothing about the grant.
    Passing,
}

impl FailureClass {
    /// The class as a stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Definite => "definite",
            Self::Operator => "operator",
            Self::Passing => "passing",
        }
    }

    /// The class that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Definite, Self::Operator, Self::Passing].into_iter().find(|class| class.as_str() == word)
    }
}

/// An error code that Keyferry knows. A provider's own text never gets past this type, so it can carry nothing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// `invalid_request`
    InvalidRequest,
    /// `invalid_client`
    InvalidClient,
    /// `invalid_grant`
    InvalidGrant,
    /// `unauthorized_client`
    UnauthorizedClient,
    /// `unsupported_grant_type`
    UnsupportedGrantType,
    /// `unsupported_response_type`
    UnsupportedResponseType,
    /// `unsupported_token_type` (RFC 7009 §2.2.1)
    UnsupportedTokenType,
    /// `invalid_scope`
    InvalidScope,
    /// `access_denied`
    AccessDenied,
    /// `server_error`
    ServerError,
    /// `temporarily_unavailable`
    TemporarilyUnavailable,
    /// A code that is in no list of ours. Shown as `server_error`, and never taken for the end of a grant.
    Unrecognized,
}

impl ErrorCode {
    /// Reads a provider's code: the standard ones, and what some services say instead.
    #[must_use]
    pub fn from_provider(text: &str) -> Self {
        match text {
            "invalid_request" => Self::InvalidRequest,
            "invalid_client" | "incorrect_client_credentials" | "bad_client_secret" | "invalid_client_id" => {
                Self::InvalidClient
            }
            // GitHub: `bad_…`; Slack: `invalid_code` and below.
            "invalid_grant"
            | "bad_verification_code"
            | "bad_refresh_token"
            | "invalid_code"
            | "code_already_used"
            | "code_expired"
            | "invalid_refresh_token"
            | "token_revoked"
            | "token_expired" => Self::InvalidGrant,
            "unauthorized_client" | "redirect_uri_mismatch" | "bad_redirect_uri" => Self::UnauthorizedClient,
            "unsupported_grant_type" => Self::UnsupportedGrantType,
            "unsupported_response_type" => Self::UnsupportedResponseType,
            "unsupported_token_type" => Self::UnsupportedTokenType,
            "invalid_scope" => Self::InvalidScope,
            "access_denied" | "user_cancelled_login" | "user_cancelled_authorize" => Self::AccessDenied,
            "server_error" | "internal_error" => Self::ServerError,
            "temporarily_unavailable" | "slow_down" | "ratelimited" => Self::TemporarilyUnavailable,
            _ => Self::Unrecognized,
        }
    }

    /// The code in its standard form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError | Self::Unrecognized => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// What the code means when it came with this HTTP status. Anything that is not surely definite or the operator's passes:
    /// a failure that may pass must never end a grant.
    #[must_use]
    pub const fn class(self, status: u16) -> FailureClass {
        match (self, status) {
            (Self::InvalidGrant, 200 | 400 | 401 | 403) => FailureClass::Definite,
            (
                Self::InvalidClient
                | Self::UnauthorizedClient
                | Self::UnsupportedGrantType
                | Self::InvalidScope
                | Self::InvalidRequest,
                200..=499,
            ) => FailureClass::Operator,
            _ => FailureClass::Passing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureClass::*;

    #[test]
    fn only_a_sure_refusal_ends_a_grant() {
        let table = [
            ("invalid_grant", 400, Definite),
            ("invalid_grant", 401, Definite),
            ("invalid_grant", 403, Definite),
            ("bad_refresh_token", 200, Definite),
            ("invalid_refresh_token", 200, Definite),
            ("token_revoked", 200, Definite),
            ("invalid_grant", 500, Passing),
            ("invalid_grant", 503, Passing),
            ("invalid_grant", 429, Passing),
            ("invalid_client", 401, Operator),
            ("unauthorized_client", 400, Operator),
            ("unsupported_grant_type", 400, Operator),
            ("invalid_scope", 400, Operator),
            ("temporarily_unavailable", 400, Passing),
            ("server_error", 400, Passing),
            ("access_denied", 403, Passing),
            ("something_new", 400, Passing),
            ("", 400, Passing),
        ];
        for (code, status, class) in table {
            assert_eq!(ErrorCode::from_provider(code).class(status), class, "{code} {status}");
        }
    }

    #[test]
    fn a_providers_own_text_does_not_get_past_the_closed_set() {
        assert_eq!(ErrorCode::from_provider("<script>").as_str(), "server_error");
        for code in
            ["invalid_request", "invalid_grant", "invalid_client", "access_denied", "temporarily_unavailable"]
        {
            assert_eq!(ErrorCode::from_provider(code).as_str(), code);
        }
    }
}
