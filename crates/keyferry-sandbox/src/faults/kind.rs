//! What can go wrong, and where.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `/token`
    Token,
    /// `/revoke`
    Revoke,
    /// `/api/…`
    Api,
}

/// A grant type that a fault at the token endpoint can be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// `authorization_code`
    AuthorizationCode,
    /// `refresh_token`
    RefreshToken,
}

/// One way to misbehave.
///
/// Some faults stand in for the handler: the request has no effect. The others let it do its work and spoil the
/// answer, so what it consumed is consumed. Each says which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// Waits, then handles the request as if nothing were.
    Slow {
        /// How long, in milliseconds; at most ten minutes.
        milliseconds: u64,
    },
    /// A bare status with an empty body; not handled.
    Status {
        /// The status, 200 to 999; anything else becomes 500.
        status: u16,
        /// The `Retry-After` header: any text, good or bad.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<String>,
    },
    /// A web page with status 200; not handled.
    Html,
    /// The true reply, cut in half; handled.
    TruncatedJson,
    /// JSON whose strings are not UTF-8, with status 200; not handled.
    NotUtf8,
    /// The true reply as `application/x-www-form-urlencoded`; handled.
    FormEncoded,
    /// Status 200 with `{"ok":false,"error":…}`; not handled.
    OkFalse {
        /// The error code.
        error: String,
    },
    /// Status 200 with a form-encoded `error=…`; not handled.
    ErrorForm {
        /// The error code.
        error: String,
    },
    /// The true reply with another `expires_in`; handled.
    ExpiresIn {
        /// Any JSON value; `None` leaves the member out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
    },
    /// The true reply without its `refresh_token`; handled, and the token that was left out is lost.
    OmitRefreshToken,
    /// A long body of spaces, with status 200 and the JSON type; not handled.
    HugeBody {
        /// Its length in bytes.
        bytes: u64,
    },
    /// The true reply, one byte at a time; handled.
    Drip {
        /// The pause before each byte, in milliseconds; at most one minute.
        milliseconds: u64,
    },
    /// The connection is reset; not handled.
    DropBefore,
    /// The connection is reset where the reply would begin; handled.
    DropAfter,
    /// 307 to another place; not handled.
    Redirect {
        /// The `Location` header.
        location: String,
    },
    /// The true reply with its first member twice, the second time with another value; handled.
    DuplicateKey,
}
