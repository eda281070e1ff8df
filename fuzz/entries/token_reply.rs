//! What holds for any bytes that are taken for a token reply. The first byte chooses the service's format, the second the status.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use keyferry_core::{
    flow::reply::TokenReply,
    provider::{ProviderFile, ReplyFormat},
};
use serde_json::Value;

/// The formats of services, each as `[token.response]` says it. The first is the standard one.
const FORMATS: [&str; 4] = [
    "",
    "[token.response]\naccess_token = \"/authed_user/access_token\"\nrefresh_token = \"/authed_user/refresh_token\"\n\
     error = { at = \"/ok\", is = false, message = \"/error\" }\nmetadata = { team = \"/team/id\", app = \"/app_id\" }\n",
    "[token.response]\naccess_token = \"/data/0/token\"\nexpires_at = \"/data/0/until\"\nscope = \"/data/0/scopes\"\n\
     error = { at = \"/error/code\" }\nerrors = { gone = \"invalid_grant\" }\n",
    "[token.response]\nmetadata = { all = \"\", first = \"/0\", instance_url = \"/instance_url\" }\n",
];

const STATUSES: [u16; 6] = [200, 201, 302, 400, 429, 503];

static READ: LazyLock<Vec<ReplyFormat>> =
    LazyLock::new(|| FORMATS.iter().filter_map(|text| format(text)).collect());

fn format(text: &str) -> Option<ReplyFormat> {
    let file = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://a.example/t\"\n{text}"
    );
    let file = ProviderFile::parse("acme".parse().ok()?, "acme.toml", &file).ok()?.file;
    Some(file.oauth()?.token.response.clone())
}

pub(crate) fn check(bytes: &[u8]) {
    assert_eq!(READ.len(), FORMATS.len());
    let [of_format, of_status, body @ ..] = bytes else { return };
    let (Some(format), Some(status)) = (
        READ.get(usize::from(*of_format) % FORMATS.len()),
        STATUSES.get(usize::from(*of_status) % STATUSES.len()),
    ) else {
        return;
    };
    let reply = match TokenReply::read(format, *status, body) {
        Ok(reply) => reply,
        Err(error) => {
            // The closed set of what is said of a reply: no part of it may be among the words.
            assert!(error.to_string().len() < 100);
            return;
        }
    };
    assert!((200..300).contains(status), "tokens from a failure");
    let token = reply.access_token.expose_secret();
    assert!(!token.is_empty() && !token.chars().any(char::is_control));
    // Scopes are no secret, and a service that repeats the token among them has told it itself.
    let repeated = reply.scopes.as_ref().is_some_and(|scopes| scopes.join(" ").contains(token));
    if token.len() > 60 && !repeated {
        assert!(!format!("{reply:?}").contains(token), "a token is printed");
    }
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_800_000_000);
    assert!(reply.life(now).is_none_or(|life| life <= 10 * 366 * 24 * 3600));
    assert!(reply.metadata.iter().all(|(_, fact)| !fact.expose_secret().chars().any(char::is_control)));
    assert!(reply.metadata.iter().count() <= 64);
    // Another reader takes the last of two members of one name. Where a reply has them, there must be no tokens. A text in quotes is
    // JSON, too, and may be a form: such a reply is read as one.
    if format.is_standard()
        && let Ok(value) = serde_json::from_slice::<Value>(body)
        && value.is_object()
    {
        assert_eq!(value.get("access_token").and_then(Value::as_str), Some(token));
        assert!(value.get("error").is_none_or(Value::is_null), "tokens beside an error");
    }
}
