//! What an author recorded, looked at beside the play: which replies there are, and what exactly is wrong with one.
//!
//! The proxy tells nothing of what a service wrote. Here it is the author's own recording, so its status and its error word may be shown.

use keyferry_core::{
    flow::reply::{TokenReply, TokenReplyError, failure_word},
    provider::{Places, ReplyFormat},
};
use keyferry_sandbox::stand_in::{RecordedReply, Recording};
use serde_json::Value;

/// The replies of a recording that tokens or errors stand in.
pub(super) struct Recorded {
    pub(super) callback: bool,
    pub(super) account: bool,
    pub(super) tokens: Vec<RecordedReply>,
    pub(super) refresh: Option<RecordedReply>,
    /// What it refused with, in order.
    pub(super) errors: Vec<RecordedReply>,
}

impl Recorded {
    pub(super) fn of(recording: &Recording) -> Self {
        Self {
            callback: recording.callback.is_some(),
            account: recording.account.is_some(),
            tokens: recording.tokens.clone(),
            refresh: recording.refresh.clone(),
            errors: recording.errors.clone(),
        }
    }

    /// The reply to the code exchange, where that takes one request.
    pub(super) fn token(&self) -> Option<&RecordedReply> {
        match self.tokens.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Why a recorded reply gives no tokens; nothing where it gives some.
pub(super) fn explained(format: &ReplyFormat, reply: &RecordedReply) -> Option<String> {
    let (status, body) = (reply.status(), reply.body());
    let error = TokenReply::read(format, status, body).err()?;
    let why = match error {
        TokenReplyError::Refused { .. } => match failure_word(format, body) {
            Some(word) => format!(
                "it is an error of the service's own, `{word}`; [token.response] errors = {{ {word} = \"invalid_grant\" }} would say that the person has to sign in again"
            ),
            None => "it is an error without a word; [token.response] error says where one stands".to_owned(),
        },
        TokenReplyError::Status { .. } => {
            "the status is a failure's, and no error code was found; [token.response] error says where it stands"
                .to_owned()
        }
        TokenReplyError::Unusable(why) => unusable(format, body, why),
    };
    Some(format!("the recorded reply (HTTP {status}) gives no tokens: {why}"))
}

fn unusable(format: &ReplyFormat, body: &[u8], why: &str) -> String {
    let reply = match serde_json::from_slice::<Value>(body) {
        Ok(reply) => reply,
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            return format!(
                "its body is no JSON, at line {line}, column {column} of it, and no form with an access_token"
            );
        }
    };
    if format.access_token.find(&reply).is_none() {
        return format!(
            "nothing stands at {}; [token.response] access_token says where it is{}",
            at(&format.access_token),
            fields(&reply)
        );
    }
    match format.token_type.find(&reply).and_then(Value::as_str) {
        Some(kind) if !kind.eq_ignore_ascii_case("bearer") => format!(
            "its token_type is {:?} and not Bearer; where the service means a bearer token all the same: [token.response] token_type = \"/none\"",
            kind.chars().take(40).collect::<String>()
        ),
        _ => why.to_owned(),
    }
}

/// The places as they are told.
pub(super) fn at(places: &Places) -> String {
    places.iter().collect::<Vec<_>>().join(" or ")
}

fn fields(reply: &Value) -> String {
    let names =
        reply.as_object().map(|object| object.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
    names
        .filter(|names| !names.is_empty())
        .map(|names| format!(" (the reply has {names})"))
        .unwrap_or_default()
}

/// What a token reply was expected to tell and does not, a sentence each: of no consequence at once, and of some later.
pub(super) fn left_out(format: &ReplyFormat, name: &str, reply: &RecordedReply) -> Vec<String> {
    let Ok(reply) = serde_json::from_slice::<Value>(reply.body()) else { return Vec::new() };
    let missing = format.metadata.iter().filter(|(_, pointer)| pointer.find(&reply).is_none());
    missing
        .map(|(fact, pointer)| {
            format!("{{metadata.{fact}}}: nothing stands at {} in {name}", pointer.as_str())
        })
        .collect()
}

/// That nothing stands where the file looks for the access token's end. Where that is meant, for a token that does not end, it is no
/// failure.
pub(super) fn end_left_out(format: &ReplyFormat, reply: &RecordedReply) -> Vec<String> {
    let Ok(reply) = serde_json::from_slice::<Value>(reply.body()) else { return Vec::new() };
    let ends: Vec<_> = [Some(&format.expires_in), format.expires_at.as_ref()].into_iter().flatten().collect();
    let named = format.expires_in != ReplyFormat::default().expires_in || format.expires_at.is_some();
    if !named || ends.iter().any(|places| places.find(&reply).is_some()) {
        return Vec::new();
    }
    let places = ends.into_iter().map(at).collect::<Vec<_>>().join(" or ");
    vec![format!("the access token's end: nothing stands at {places} in token.http")]
}
