//! A result that says that the account's token is dead, although it should live: the provider has ended it early, or a clock is wrong.
//!
//! MCP has no form for it, so the server's own words are read. They may be wrong, and they come from a stranger: they lead to one
//! refresh and one more call at most, now and then, and only of a tool that may be called twice.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use keyferry_core::id::ConnectionId;
use tokio::time::Instant;

use crate::runtime::CallToolResult;

/// The least time between two refreshes of a connection for a server's word.
const PAUSE: Duration = Duration::from_secs(60);

/// The longest text that is looked at. A sentence is enough to say it.
const LONGEST: usize = 4096;

/// What programs say then, in small letters.
const WORDS: [&str; 10] = [
    "401",
    "unauthorized",
    "unauthorised",
    "invalid_token",
    "invalid token",
    "expired_token",
    "expired token",
    "token expired",
    "token has expired",
    "token is expired",
];

/// When each connection was last refreshed for a server's word.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<HashMap<ConnectionId, Instant>>);

impl Challenges {
    /// Whether a refresh may be made for it now. It counts as made.
    pub(super) fn take(&self, connection: &ConnectionId, now: Instant) -> bool {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|_, at| now.duration_since(*at) < PAUSE);
        let first = !taken.contains_key(connection);
        taken.entry(connection.clone()).or_insert(now);
        first
    }
}

/// Whether a result says so.
pub(super) fn is_challenge(result: &CallToolResult) -> bool {
    let texts = || result.content.iter().filter_map(|content| content.as_text());
    result.is_error == Some(true)
        && texts().any(|text| {
            let text: String = text.text.chars().take(LONGEST).collect::<String>().to_lowercase();
            WORDS.iter().any(|word| holds(&text, word))
        })
}

/// Whether the word stands in the text, and not within another.
fn holds(text: &str, word: &str) -> bool {
    let part = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + word.len()..));
        !part(before.and_then(|text| text.chars().next_back()))
            && !part(after.and_then(|text| text.chars().next()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(is_error: bool, text: &str) -> CallToolResult {
        serde_json::from_value(json!({ "isError": is_error, "content": [{ "type": "text", "text": text }] }))
            .unwrap()
    }

    #[test]
    fn what_programs_say_of_a_dead_token_is_understood_and_nothing_else() {
        for text in [
            "401: the access token is expired or revoked",
            "HTTP 401",
            "Request failed with status code 401",
            "{\"error\":\"invalid_token\"}",
            "Unauthorized",
            "The token has expired.",
        ] {
            assert!(is_challenge(&result(true, text)), "{text}");
            assert!(!is_challenge(&result(false, text)), "a success: {text}");
        }
        for text in
            ["403", "issue 14015", "PROJ-401x", "403 Forbidden", "not found", "the session expired", ""]
        {
            assert!(!is_challenge(&result(true, text)), "{text}");
        }
    }

    #[test]
    fn one_refresh_a_minute_is_made_for_a_servers_word() {
        let (challenges, now) = (Challenges::default(), Instant::now());
        let (one, other): (ConnectionId, ConnectionId) =
            ("aaaaaaaaaaaa".parse().unwrap(), "bbbbbbbbbbbb".parse().unwrap());
        assert!(challenges.take(&one, now) && challenges.take(&other, now));
        assert!(!challenges.take(&one, now + PAUSE / 2));
        assert!(challenges.take(&one, now + PAUSE));
    }
}
