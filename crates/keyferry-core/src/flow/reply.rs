//! The token reply (RFC 6749 §5.1 and §5.2), read from bytes that a stranger wrote.

use serde::Deserialize;
use serde_json::Value;

use super::error::{ErrorCode, FailureClass};
use crate::{
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken},
};

/// The longest reply that is read, in bytes. Those that read from the network stop there.
pub const LONGEST_REPLY: usize = 1024 * 1024;

/// A lifetime beyond this is taken for nonsense: ten years, in seconds.
const LONGEST_LIFE: u64 = 10 * 366 * 24 * 3600;

/// A successful token reply.
#[derive(Debug)]
pub struct TokenReply {
    /// The access token, of type Bearer.
    pub access_token: AccessToken,
    /// The refresh token, where there is one.
    pub refresh_token: Option<RefreshToken>,
    /// The ID token, where there is one.
    pub id_token: Option<IdToken>,
    /// The granted scopes, where the reply names them.
    pub scopes: Option<Scopes>,
    /// The access token's life in seconds. None where the reply has none, or one that makes no sense (negative, above ten
    /// years, no number): such a reply still carries a grant, perhaps a rotated one, and refusing it would lose the sign-in.
    pub expires_in: Option<u64>,
}

/// Why a reply gives no tokens. Holds nothing of the reply but its status and a code of the closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenReplyError {
    /// An error object of RFC 6749 §5.2, whatever its status.
    #[error("the provider answered {} (HTTP {status})", code.as_str())]
    Refused {
        /// The code.
        code: ErrorCode,
        /// The HTTP status.
        status: u16,
    },
    /// Another status than 200 without an error object.
    #[error("the provider answered HTTP {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// A success that isn't one: no JSON object, a field twice, no usable access token, a token type other than Bearer.
    #[error("the provider's reply is not a token reply: {0}")]
    Unusable(&'static str),
}

impl TokenReplyError {
    /// What the failure says about the grant.
    #[must_use]
    pub const fn class(self) -> FailureClass {
        match self {
            Self::Refused { code, status } => code.class(status),
            Self::Status { .. } | Self::Unusable(_) => FailureClass::Passing,
        }
    }
}

/// The wire form. A known field that stands twice is an error of serde's derive, so no parser can take the other one; `token_type`
/// and the rest stay loose, for it is decided below what an odd value means.
#[derive(Deserialize)]
struct Wire {
    access_token: Option<Value>,
    token_type: Option<Value>,
    refresh_token: Option<Value>,
    id_token: Option<Value>,
    scope: Option<Value>,
    expires_in: Option<Value>,
    error: Option<Value>,
}

impl TokenReply {
    /// Reads a reply.
    ///
    /// # Errors
    /// [`TokenReplyError`]. An `error` counts whatever the status (some services answer 200), and without `access_token` there is
    /// no success.
    pub fn parse(status: u16, body: &[u8]) -> Result<Self, TokenReplyError> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let wire = if body.len() > LONGEST_REPLY { None } else { serde_json::from_slice::<Wire>(body).ok() };
        let Some(wire) = wire else {
            return Err(match status {
                200 => TokenReplyError::Unusable("it is not a JSON object with each field once"),
                _ => TokenReplyError::Status { status },
            });
        };
        if let Some(error) = wire.error.as_ref().filter(|error| !error.is_null()) {
            let code = error.as_str().map_or(ErrorCode::Unrecognized, ErrorCode::from_provider);
            return Err(TokenReplyError::Refused { code, status });
        }
        if !(200..300).contains(&status) {
            return Err(TokenReplyError::Status { status });
        }
        wire.into_reply().map_err(TokenReplyError::Unusable)
    }
}

impl Wire {
    fn into_reply(self) -> Result<TokenReply, &'static str> {
        match text(self.token_type)? {
            Some(kind) if !kind.eq_ignore_ascii_case("bearer") => return Err("its token_type is not Bearer"),
            _ => {}
        }
        let access_token = text(self.access_token)?.ok_or("it has no access_token")?;
        let refresh_token = text(self.refresh_token)?.filter(|token| !token.is_empty());
        let id_token = text(self.id_token)?.filter(|token| !token.is_empty());
        Ok(TokenReply {
            access_token: AccessToken::new(access_token).map_err(|_| "its access_token can't be one")?,
            refresh_token: refresh_token
                .map(RefreshToken::new)
                .transpose()
                .map_err(|_| "its refresh_token can't be one")?,
            id_token: id_token.and_then(|token| IdToken::new(token).ok()),
            scopes: self
                .scope
                .as_ref()
                .and_then(Value::as_str)
                .map(Scopes::from_reply)
                .filter(|scopes| !scopes.is_empty()),
            expires_in: self.expires_in.as_ref().and_then(seconds),
        })
    }
}

fn text(value: Option<Value>) -> Result<Option<String>, &'static str> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err("a field that must be a string is none"),
    }
}

/// A life in whole seconds, from a number or, as some services write it, a string of digits.
fn seconds(value: &Value) -> Option<u64> {
    let seconds = match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }?;
    (seconds <= LONGEST_LIFE).then_some(seconds)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked, and the fraction is meant to go"
)]
fn whole(seconds: f64) -> Option<u64> {
    (0.0..=LONGEST_LIFE as f64).contains(&seconds).then_some(seconds as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, body: &str) -> Result<TokenReply, TokenReplyError> {
        TokenReply::parse(status, body.as_bytes())
    }

    #[test]
    fn a_standard_reply_is_read() {
        let reply = parse(
            200,
            r#"{"access_token":"a","token_type":"bearer","expires_in":3600,"refresh_token":"r","scope":"x y","id_token":"i","other":[{}]}"#,
        )
        .unwrap();
        assert_eq!(reply.access_token.expose_secret(), "a");
        assert_eq!(reply.refresh_token.unwrap().expose_secret(), "r");
        assert_eq!(reply.id_token.unwrap().expose_secret(), "i");
        assert_eq!(reply.scopes.unwrap().join(" "), "x y");
        assert_eq!(reply.expires_in, Some(3600));
    }

    #[test]
    fn a_life_that_makes_no_sense_is_unknown_and_loses_no_token() {
        let table = [
            ("3600", Some(3600)),
            ("\"3600\"", Some(3600)),
            ("0", Some(0)),
            ("3599.9", Some(3599)),
            ("-1", None),
            ("-0.5", None),
            ("1e30", None),
            ("99999999999999999999", None),
            ("null", None),
            ("\"soon\"", None),
            ("[1]", None),
        ];
        for (value, expected) in table {
            let reply =
                parse(200, &format!(r#"{{"access_token":"a","refresh_token":"r","expires_in":{value}}}"#))
                    .unwrap();
            assert_eq!(reply.expires_in, expected, "{value}");
            assert!(reply.refresh_token.is_some());
        }
    }

    #[test]
    fn a_token_of_another_type_is_not_used() {
        for good in ["bearer", "BEARER", "Bearer"] {
            assert!(
                parse(200, &format!(r#"{{"access_token":"a","token_type":"{good}"}}"#)).is_ok(),
                "{good}"
            );
        }
        for bad in ["mac", "DPoP", ""] {
            assert!(parse(200, &format!(r#"{{"access_token":"a","token_type":"{bad}"}}"#)).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_counts_whatever_the_status() {
        let refused = |code, status| TokenReplyError::Refused { code, status };
        let table = [
            (400, r#"{"error":"invalid_grant"}"#, refused(ErrorCode::InvalidGrant, 400)),
            (403, r#"{"error":"invalid_grant"}"#, refused(ErrorCode::InvalidGrant, 403)),
            (200, r#"{"error":"bad_verification_code"}"#, refused(ErrorCode::InvalidGrant, 200)),
            (200, r#"{"access_token":"a","error":"x"}"#, refused(ErrorCode::Unrecognized, 200)),
            (200, r#"{"error":{"message":"x"}}"#, refused(ErrorCode::Unrecognized, 200)),
        ];
        for (status, body, why) in table {
            assert_eq!(parse(status, body).unwrap_err(), why, "{body}");
        }
    }

    #[test]
    fn what_is_no_token_reply_is_refused_and_says_nothing_of_the_grant() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let huge = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(900_000));
        let over = " ".repeat(LONGEST_REPLY + 1);
        let table: [(u16, &str); 20] = [
            (200, ""),
            (200, "<html>"),
            (200, "{"),
            (200, "[]"),
            (200, "5"),
            (200, "{}"),
            (200, r#"{"access_token":""}"#),
            (200, r#"{"access_token":5}"#),
            (200, r#"{"access_token":null}"#),
            (200, r#"{"access_token":"a","access_token":"b"}"#),
            (200, r#"{"access_token":"a b"}"#),
            (200, r#"{"access_token":"a\nb"}"#),
            (200, r#"{"access_token":"a\u0000"}"#),
            (200, r#"{"access_token":"\ud800"}"#),
            (200, r#"{"access_token":"a","refresh_token":"r\n"}"#),
            (200, &deep),
            (200, &huge),
            (200, &over),
            (500, "<html>"),
            (302, r#"{"access_token":"a"}"#),
        ];
        for (status, body) in table {
            let error = parse(status, body).unwrap_err();
            assert_eq!(error.class(), FailureClass::Passing, "{}", body.chars().take(60).collect::<String>());
        }
        assert!(TokenReply::parse(200, b"{\"access_token\":\"\xff\"}").is_err());
        assert!(TokenReply::parse(200, b"\xef\xbb\xbf{\"access_token\":\"a\"}").is_ok());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(status in 100..600u16, body: Vec<u8>) {
            let _ = TokenReply::parse(status, &body);
        }
    }
}
