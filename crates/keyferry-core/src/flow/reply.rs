//! The token reply (RFC 6749 §5.1 and §5.2), read from bytes that a stranger wrote.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    error::{ErrorCode, FailureClass},
    json,
};
use crate::{
    fact::Facts,
    provider::{ErrorRule, JsonPointer, Places, ReplyFormat},
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken, SecretText},
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
    /// When the access token expires, where the provider names the point in time.
    pub expires_at: Option<Timestamp>,
    /// Further facts that the provider file asks to keep.
    pub metadata: Facts,
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
    /// The access token's life from `now` on, in seconds, however the provider told it.
    #[must_use]
    pub fn life(&self, now: Timestamp) -> Option<u64> {
        let until = || u64::try_from(self.expires_at?.duration_since(now).as_secs().max(0)).ok();
        self.expires_in.or_else(until).filter(|life| *life <= LONGEST_LIFE)
    }

    /// Reads a reply of the service that `format` describes. One that is no JSON is read as a form.
    ///
    /// # Errors
    /// [`TokenReplyError`], as [`TokenReply::parse`].
    pub fn read(format: &ReplyFormat, status: u16, body: &[u8]) -> Result<Self, TokenReplyError> {
        let is_json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start().starts_with(b"{");
        if body.len() > LONGEST_REPLY || (is_json && format.is_standard()) {
            return Self::parse(status, body);
        }
        let object = json::unique(body).filter(Value::is_object);
        match object.or_else(|| form(body)) {
            Some(reply) => Self::find(format, status, &reply),
            None => Self::parse(status, body),
        }
    }

    fn find(format: &ReplyFormat, status: u16, reply: &Value) -> Result<Self, TokenReplyError> {
        if let Some(code) = failure(format, reply) {
            return Err(TokenReplyError::Refused { code, status });
        }
        if !(200..300).contains(&status) {
            return Err(TokenReplyError::Status { status });
        }
        let at = |places: &Places| places.find(reply).cloned();
        let wire = Wire {
            access_token: at(&format.access_token),
            token_type: at(&format.token_type),
            refresh_token: at(&format.refresh_token),
            id_token: at(&format.id_token),
            scope: at(&format.scope),
            expires_in: at(&format.expires_in),
            error: None,
        };
        let mut tokens = wire.into_reply().map_err(TokenReplyError::Unusable)?;
        tokens.expires_at = format.expires_at.as_ref().and_then(|places| moment(places.find(reply)?));
        tokens.metadata = facts(&format.metadata, reply);
        Ok(tokens)
    }

    /// Reads a reply of the standard form.
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
                .and_then(scope_text)
                .map(|text| Scopes::from_reply(&text))
                .filter(|scopes| !scopes.is_empty()),
            expires_in: self.expires_in.as_ref().and_then(seconds),
            expires_at: None,
            metadata: Facts::default(),
        })
    }
}

/// The failure that a reply tells, in the standard way or in the service's own.
pub(crate) fn failure(format: &ReplyFormat, reply: &Value) -> Option<ErrorCode> {
    let found = failure_value(format, reply)?;
    Some(word(found).map_or(ErrorCode::Unrecognized, |text| format.error_code(&text)))
}

/// The service's own word for the failure that a reply tells, for the author of a provider file, whose own recording it is. A stranger's
/// reply goes through [`TokenReply::read`], which lets no text through.
#[must_use]
pub fn failure_word(format: &ReplyFormat, body: &[u8]) -> Option<String> {
    let reply = json::unique(body).filter(Value::is_object).or_else(|| form(body))?;
    let tokens = [&format.access_token, &format.refresh_token, &format.id_token];
    let found = failure_value(format, &reply)?;
    let is_token = tokens.iter().any(|places| places.find(&reply) == Some(found));
    word(found).filter(|text| !is_token && text.len() <= 80 && !text.chars().any(char::is_control))
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What names the failure of a reply: the service's code, or the sign itself.
fn failure_value<'v>(format: &ReplyFormat, reply: &'v Value) -> Option<&'v Value> {
    if let Some(rule @ ErrorRule { at, message, .. }) = &format.error {
        if let Some(sign) = rule.failure(reply) {
            return message.as_ref().and_then(|message| message.find(reply)).or(Some(sign));
        }
        // An `error` that the service always sends, such as `{"code":"ok"}`, is for the rule alone to judge.
        if at.as_str().starts_with("/error") {
            return None;
        }
    }
    reply.get("error").filter(|error| !error.is_null() && error.as_str() != Some(""))
}

/// The facts of a reply, by the pointers of a provider file. Texts, numbers and truth values; what is none of them is left out.
pub(crate) fn facts(pointers: &[(crate::id::FactName, JsonPointer)], reply: &Value) -> Facts {
    let found = pointers.iter().filter_map(|(name, pointer)| {
        let text = match pointer.find(reply)? {
            Value::String(text) => text.clone(),
            value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
            _ => return None,
        };
        let plain = !text.is_empty() && !text.chars().any(char::is_control);
        Some((name.clone(), SecretText::new(text).ok().filter(|_| plain)?))
    });
    found.collect()
}

/// A form-encoded reply as a flat object. Only what holds a token or an error is one, for any text can be read as a form.
fn form(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?;
    let mut object = Map::new();
    for (name, value) in url::form_urlencoded::parse(text.trim().as_bytes()) {
        if object.insert(name.into_owned(), Value::String(value.into_owned())).is_some() || object.len() > 64
        {
            return None;
        }
    }
    let telling = object.contains_key("access_token") || object.contains_key("error");
    telling.then_some(Value::Object(object))
}

/// Scopes as a text, or as a list of texts.
fn scope_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

/// A point in time: seconds or milliseconds since 1970, as a number or digits, or RFC 3339.
fn moment(value: &Value) -> Option<Timestamp> {
    /// 5138 as seconds, 1973 as milliseconds.
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    let number = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => match text.trim().parse() {
            Ok(number) => number,
            Err(_) => return text.trim().parse().ok(),
        },
        _ => return None,
    };
    if number < 0 {
        None
    } else if number < MILLISECONDS_FROM {
        Timestamp::from_second(number).ok()
    } else {
        Timestamp::from_millisecond(number).ok()
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

    fn format(text: &str) -> ReplyFormat {
        let text = format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/auth\"\n[token]\nendpoint = \"https://a.example/token\"\n[token.response]\n{text}\n"
        );
        let file =
            crate::provider::ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file;
        file.oauth().unwrap().token.response.clone()
    }

    #[test]
    fn a_reply_is_read_where_its_parts_stand() {
        let format = format(
            "access_token = \"/authed_user/access_token\"\nrefresh_token = \"/data/0/refresh\"\nexpires_at = \"/data/0/until\"\n\
             scope = \"/scopes\"\ntoken_type = \"/authed_user/token_type\"\nid_token = \"/jwt\"\nexpires_in = \"/data/0/life\"\n\
             metadata = { team = \"/team/id\", number = \"/team/number\", none = \"/team/none\", list = \"/scopes\" }",
        );
        let body = r#"{"access_token":"other","authed_user":{"access_token":"a","token_type":"bearer"},"jwt":"i","scopes":["x","y"],
            "data":[{"refresh":"r","until":1800000000,"life":"60"}],"team":{"id":"T1","number":7,"none":null}}"#;
        let reply = TokenReply::read(&format, 200, body.as_bytes()).unwrap();
        assert_eq!(reply.access_token.expose_secret(), "a");
        assert_eq!(reply.refresh_token.unwrap().expose_secret(), "r");
        assert_eq!(reply.id_token.unwrap().expose_secret(), "i");
        assert_eq!(reply.scopes.unwrap().join(" "), "x y");
        assert_eq!(reply.expires_at, Timestamp::from_second(1_800_000_000).ok());
        assert_eq!(reply.expires_in, Some(60));
        let kept: Vec<_> =
            reply.metadata.iter().map(|(name, text)| (name.as_str(), text.expose_secret())).collect();
        assert_eq!(kept, [("number", "7"), ("team", "T1")]);
        assert!(TokenReply::read(&format, 200, br#"{"access_token":"a"}"#).is_err(), "no other place counts");
        let twice = br#"{"authed_user":{"access_token":"a","access_token":"b"}}"#;
        assert!(TokenReply::read(&format, 200, twice).is_err());
    }

    #[test]
    fn the_first_place_that_holds_anything_counts() {
        let format = format(
            "access_token = [\"/authed_user/access_token\", \"/access_token\"]\nexpires_at = [\"/none\", \"/until\"]",
        );
        let read = |body: &str| TokenReply::read(&format, 200, body.as_bytes());
        let first = read(r#"{"access_token":"bot","authed_user":{"access_token":"user"}}"#).unwrap();
        assert_eq!(first.access_token.expose_secret(), "user");
        let second =
            read(r#"{"access_token":"renewed","authed_user":{"access_token":null},"until":1}"#).unwrap();
        assert_eq!(second.access_token.expose_secret(), "renewed");
        assert_eq!(second.expires_at, Timestamp::from_second(1).ok());
        assert!(read(r#"{"authed_user":{}}"#).is_err());
    }

    #[test]
    fn a_failure_inside_a_success_is_one() {
        let slack = format(
            "error = { at = \"/ok\", is = false, message = \"/error\" }\nerrors = { odd_code = \"invalid_grant\" }",
        );
        let refused = |body: &str| TokenReply::read(&slack, 200, body.as_bytes()).unwrap_err();
        let with = |code| TokenReplyError::Refused { code, status: 200 };
        assert_eq!(refused(r#"{"ok":false,"error":"invalid_refresh_token"}"#), with(ErrorCode::InvalidGrant));
        assert_eq!(refused(r#"{"ok":false,"error":"odd_code"}"#), with(ErrorCode::InvalidGrant));
        assert_eq!(refused(r#"{"ok":false}"#), with(ErrorCode::Unrecognized));
        assert_eq!(refused(r#"{"ok":false,"access_token":"a"}"#), with(ErrorCode::Unrecognized));
        assert!(TokenReply::read(&slack, 200, br#"{"ok":true,"access_token":"a"}"#).is_ok());
        let meta = format(
            "error = { at = \"/error\", message = \"/error/code\" }\nerrors = { 190 = \"invalid_grant\" }",
        );
        let refused = |body: &str| TokenReply::read(&meta, 400, body.as_bytes()).unwrap_err();
        let with = |code| TokenReplyError::Refused { code, status: 400 };
        assert_eq!(
            refused(r#"{"error":{"message":"m","type":"t","code":190}}"#),
            with(ErrorCode::InvalidGrant)
        );
        assert_eq!(
            refused(r#"{"error":{"message":"m","type":"t","code":4}}"#),
            with(ErrorCode::Unrecognized)
        );
        let tiktok = format("error = { at = \"/error/code\", message = \"/error/code\" }");
        let reply = br#"{"error":{"code":"access_token_invalid"}}"#;
        assert!(TokenReply::read(&tiktok, 200, reply).is_err());
    }

    #[test]
    fn a_failure_may_be_told_by_several_signs_or_by_any_but_those_of_a_success() {
        let failed = |rule: &str, body: &str| {
            let format = format(&format!("error = {rule}\nerrors = {{ 503 = \"invalid_grant\" }}"));
            TokenReply::read(&format, 200, body.as_bytes()).err()
        };
        let refused = |code| Some(TokenReplyError::Refused { code, status: 200 });
        let rule = "{ at = \"/status\", not = 0 }";
        assert_eq!(failed(rule, r#"{"status":0,"access_token":"a"}"#), None);
        assert_eq!(failed(rule, r#"{"access_token":"a"}"#), None, "no sign is no failure");
        assert_eq!(failed(rule, r#"{"status":503}"#), refused(ErrorCode::InvalidGrant));
        assert_eq!(failed(rule, r#"{"status":"0"}"#), refused(ErrorCode::Unrecognized));
        let rule = "{ at = \"/status\", is = [401, 503], message = \"/status\" }";
        assert_eq!(failed(rule, r#"{"status":503}"#), refused(ErrorCode::InvalidGrant));
        assert_eq!(failed(rule, r#"{"status":401}"#), refused(ErrorCode::Unrecognized));
        assert_eq!(failed(rule, r#"{"status":0,"access_token":"a"}"#), None);
        let rule = "{ at = \"/code\", is = [1, 2], not = [2, \"ok\"] }";
        assert_eq!(failed(rule, r#"{"code":2,"access_token":"a"}"#), None);
    }

    #[test]
    fn a_form_is_read_as_a_flat_object() {
        let read = |body: &str| TokenReply::read(&ReplyFormat::default(), 200, body.as_bytes());
        let reply = read("access_token=gho_a%2Bb&scope=repo%2Cgist&token_type=bearer&expires_in=60").unwrap();
        assert_eq!(reply.access_token.expose_secret(), "gho_a+b");
        assert_eq!(reply.scopes.unwrap().join(" "), "repo gist");
        assert_eq!(reply.expires_in, Some(60));
        let refused = TokenReplyError::Refused { code: ErrorCode::InvalidGrant, status: 200 };
        assert_eq!(read("error=bad_verification_code&error_description=x").unwrap_err(), refused);
        for bad in ["access_token=a&access_token=b", "<html>x=y</html>", "a=b", "access_token=", ""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_point_in_time_is_read_in_each_of_its_forms() {
        let second = Timestamp::from_second(1_800_000_000).ok();
        for text in ["1800000000", "1800000000000", "\"1800000000\"", "\"2027-01-15T08:00:00Z\""] {
            assert_eq!(moment(&serde_json::from_str(text).unwrap()), second, "{text}");
        }
        for text in ["-1", "\"soon\"", "[]", "1e300"] {
            assert_eq!(moment(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }
}
