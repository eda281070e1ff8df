//! How much, and how long: every wait, input and queue of the proxy has its bound here.

use std::{num::NonZeroU32, time::Duration};

use keyferry_core::flow::reply::LONGEST_REPLY;

use super::ConfigError;

const DRAIN: &str = "KEYFERRY_PROXY_DRAIN";
/// The longest: whoever ends the process loses patience.
const LONGEST_DRAIN: Duration = Duration::from_secs(10 * 60);
const REPLAY_LIFE: &str = "KEYFERRY_PROXY_REPLAY_LIFE";
const REPLAY_ENTRIES: &str = "KEYFERRY_PROXY_REPLAY_ENTRIES";
const REPLAY_BYTES: &str = "KEYFERRY_PROXY_REPLAY_BYTES";
/// The longest that an answer may be kept: who has not asked again by then will not.
const LONGEST_REPLAY: Duration = Duration::from_secs(60 * 60);

/// The bounds. The defaults suit a proxy of many people; tests make them small.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest request body, in bytes.
    pub body: usize,
    /// Longest reply of a provider, in bytes.
    pub provider_reply: usize,
    /// Longest wait for a connection to a provider: name, TCP and TLS.
    pub connect: Duration,
    /// Longest wait for a provider altogether, from the connection to the last byte: a total, so a provider that sends a byte a
    /// second gains nothing.
    pub exchange: Duration,
    /// Longest wait for the head of a caller's request. It also ends connections that are idle.
    pub head: Duration,
    /// Longest wait for the body of a caller's request.
    pub body_wait: Duration,
    /// Longest wait for a caller to take more of an answer.
    pub answer_wait: Duration,
    /// Connections that are served at once; more wait to be accepted.
    pub connections: usize,
    /// Connections that one address may have at once; more are closed. Behind a web server all callers have its address, so this is
    /// a part of the whole and not a measure of one person.
    pub connections_per_peer: usize,
    /// Requests under way at once; more are answered 503 before their bodies are read.
    pub requests: usize,
    /// Exchanges under way with one provider at once; more are answered 503, so that one slow provider can't take all.
    pub exchanges_per_provider: usize,
    /// How often one code or token may be presented in a row.
    pub credential_burst: NonZeroU32,
    /// How long until one code or token may be presented once more.
    pub credential_pause: Duration,
    /// How long an answer is kept for who asks again with its key; zero keeps none.
    pub replay_life: Duration,
    /// Answers that are kept at once; when there are more, the oldest goes.
    pub replay_entries: usize,
    /// How much they may take together, in bytes.
    pub replay_bytes: usize,
    /// How long a proxy that was told to end goes on as before, but for `/ready`, so that those who send it requests find another one.
    pub drain: Duration,
    /// How long a shutdown waits for what is under way.
    pub shutdown: Duration,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 16 * 1024,
            provider_reply: LONGEST_REPLY,
            connect: Duration::from_secs(3),
            exchange: Duration::from_secs(10),
            head: Duration::from_secs(15),
            body_wait: Duration::from_secs(10),
            answer_wait: Duration::from_secs(10),
            connections: 2_048,
            connections_per_peer: 1_536,
            requests: 1_024,
            exchanges_per_provider: 256,
            credential_burst: NonZeroU32::MIN.saturating_add(19),
            credential_pause: Duration::from_secs(3),
            replay_life: Duration::from_secs(10 * 60),
            replay_entries: 16_384,
            replay_bytes: 16 * 1024 * 1024,
            drain: Duration::ZERO,
            shutdown: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// The defaults, but for what the variables say.
    pub(super) fn from_environment(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let found = |variable| lookup(variable).filter(|text| !text.trim().is_empty());
        let refused = |variable, rule| move || ConfigError::Limit { variable, rule };
        let mut limits = Self::default();
        if let Some(text) = found(REPLAY_LIFE) {
            let life = duration(text.trim()).filter(|life| *life <= LONGEST_REPLAY);
            let rule = "a time of at most an hour, such as 90s or 10m; 0 keeps no answers";
            limits.replay_life = life.ok_or_else(refused(REPLAY_LIFE, rule))?;
        }
        if let Some(text) = found(DRAIN) {
            let drain = duration(text.trim()).filter(|drain| *drain <= LONGEST_DRAIN);
            limits.drain = drain.ok_or_else(refused(DRAIN, "a time of at most ten minutes, such as 10s"))?;
        }
        if let Some(text) = found(REPLAY_ENTRIES) {
            let rule = "a number of answers";
            limits.replay_entries = text.trim().parse().ok().ok_or_else(refused(REPLAY_ENTRIES, rule))?;
        }
        if let Some(text) = found(REPLAY_BYTES) {
            let rule = "a number of bytes";
            limits.replay_bytes = text.trim().parse().ok().ok_or_else(refused(REPLAY_BYTES, rule))?;
        }
        Ok(limits)
    }
}

/// A number of seconds, or one with `s`, `m` or `h` behind it.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        None => (text, 1),
        Some(number) if text.ends_with('s') => (number, 1),
        Some(number) if text.ends_with('m') => (number, 60),
        Some(number) => (number, 3_600),
    };
    number.parse::<u64>().ok()?.checked_mul(unit).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variable: &str, value: &str) -> Result<Limits, ConfigError> {
        Limits::from_environment(&|name: &str| (name == variable).then(|| value.to_owned()))
    }

    #[test]
    fn how_long_and_how_many_answers_are_kept_can_be_said() {
        let life = |text| read(REPLAY_LIFE, text).unwrap().replay_life.as_secs();
        let table = [("", 600), ("0", 0), ("0s", 0), ("90", 90), (" 90s ", 90), ("5m", 300), ("1h", 3_600)];
        for (text, seconds) in table {
            assert_eq!(life(text), seconds, "{text:?}");
        }
        assert_eq!(read(REPLAY_ENTRIES, "7").unwrap().replay_entries, 7);
        assert_eq!(read(REPLAY_BYTES, "70000").unwrap().replay_bytes, 70_000);
    }

    #[test]
    fn a_limit_that_makes_no_sense_names_its_variable() {
        let table = [
            (DRAIN, "11m"),
            (REPLAY_LIFE, "61m"),
            (REPLAY_LIFE, "m"),
            (REPLAY_LIFE, "-1"),
            (REPLAY_LIFE, "1d"),
            (REPLAY_LIFE, "9999999999999999999h"),
            (REPLAY_ENTRIES, "many"),
            (REPLAY_BYTES, "16MiB"),
        ];
        for (variable, value) in table {
            let error = read(variable, value).unwrap_err().to_string();
            assert!(error.starts_with(variable), "{error}");
        }
    }
}
