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
const CONNECTIONS: &str = "KEYFERRY_PROXY_CONNECTIONS";
const PER_PEER: &str = "KEYFERRY_PROXY_CONNECTIONS_PER_ADDRESS";
/// The most that can be asked for: whoever means more has mistyped.
const MOST_CONNECTIONS: usize = 1_000_000;
/// Files that are open whatever is asked: standard streams, listeners, the runtime's and the store's, and secrets while they are read.
const OWN_FILES: usize = 32;
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
    /// Connections that a listener of its own for metrics serves at once, and that one address may have there. Few ask, and what they take
    /// must not grow with the rest.
    pub metrics_connections: usize,
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
            metrics_connections: 64,
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
    /// How many files a proxy with these limits needs: one a connection, another one to a provider for each request under way, and its
    /// own.
    ///
    /// It may be some more for a while: connections to providers are kept for seconds after their exchange, and exchanges go on whose
    /// callers have gone. Where no file is left for them, exchanges are answered 503 until there is.
    #[must_use]
    pub fn files(&self) -> usize {
        let own = OWN_FILES.saturating_add(self.metrics_connections);
        own.saturating_add(self.connections).saturating_add(self.requests)
    }

    /// Takes no more connections and requests than so many files are enough for. Says whether there had to be fewer of them.
    ///
    /// Without it, those who hold connections could take all files, and then no provider could be reached for those who ask.
    pub fn fit(&mut self, files: usize) -> bool {
        if self.files() <= files {
            return false;
        }
        let spare = files.saturating_sub(OWN_FILES).max(3);
        self.metrics_connections = self.metrics_connections.min((spare / 16).max(1));
        let spare = spare - self.metrics_connections;
        let (before, part) = (self.connections.max(1), self.connections_per_peer);
        self.connections = spare.saturating_sub(self.requests).max(spare / 2).min(before);
        self.requests = self.requests.min(spare - self.connections).max(1);
        self.connections_per_peer = same_part(part, before, self.connections);
        true
    }

    /// How many connections a listener serves at once, and how many of one address.
    pub(crate) fn of_listener(&self, is_api: bool) -> (usize, usize) {
        match is_api {
            true => (self.connections, self.connections_per_peer),
            false => (self.metrics_connections, self.metrics_connections),
        }
    }

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
        let connections = |variable| {
            let count = |text: String| {
                let count = text.trim().parse().ok().filter(|count| (1..=MOST_CONNECTIONS).contains(count));
                count.ok_or_else(refused(variable, "a number of connections from 1 to 1000000"))
            };
            found(variable).map(count).transpose()
        };
        if let Some(most) = connections(CONNECTIONS)? {
            let (part, before) = (limits.connections_per_peer, limits.connections);
            (limits.connections, limits.connections_per_peer) = (most, same_part(part, before, most));
        }
        if let Some(most) = connections(PER_PEER)? {
            if most > limits.connections {
                let rule = "no more than there are in all, which KEYFERRY_PROXY_CONNECTIONS says, or 2048";
                return Err(refused(PER_PEER, rule)());
            }
            limits.connections_per_peer = most;
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

/// What one address may have of the connections, so that it keeps the part of the whole that it had.
fn same_part(part: usize, before: usize, now: usize) -> usize {
    (part.min(before) * now / before).max(1)
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

    fn read_all(variables: &[(&str, &str)]) -> Result<Limits, ConfigError> {
        let value = |name: &str| variables.iter().find(|(variable, _)| *variable == name);
        Limits::from_environment(&|name: &str| value(name).map(|(_, value)| (*value).to_owned()))
    }

    fn read(variable: &str, value: &str) -> Result<Limits, ConfigError> {
        read_all(&[(variable, value)])
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
    fn how_many_connections_there_are_can_be_said() {
        let table: [(&[(&str, &str)], _); 7] = [
            (&[], (2_048, 1_536)),
            (&[(CONNECTIONS, " 12000 ")], (12_000, 9_000)),
            (&[(CONNECTIONS, "1000")], (1_000, 750)),
            (&[(CONNECTIONS, "1")], (1, 1)),
            (&[(PER_PEER, "7")], (2_048, 7)),
            (&[(CONNECTIONS, "1000"), (PER_PEER, "1000")], (1_000, 1_000)),
            (&[(CONNECTIONS, "12000"), (PER_PEER, "3000")], (12_000, 3_000)),
        ];
        for (variables, expected) in table {
            let limits = read_all(variables).unwrap();
            assert_eq!((limits.connections, limits.connections_per_peer), expected, "{variables:?}");
        }
        for variables in [&[(PER_PEER, "2049")][..], &[(CONNECTIONS, "1000"), (PER_PEER, "1001")]] {
            let error = read_all(variables).unwrap_err().to_string();
            assert!(error.starts_with(PER_PEER) && error.ends_with("says, or 2048"), "{error}");
        }
    }

    #[test]
    fn connections_and_requests_fit_among_the_files_and_no_address_gets_a_larger_part() {
        let table = [
            (1_000_000, (2_048, 1_536, 1_024, 64)),
            (3_168, (2_048, 1_536, 1_024, 64)),
            (3_167, (2_047, 1_535, 1_024, 64)),
            (1_024, (465, 348, 465, 62)),
            (64, (15, 11, 15, 2)),
            (35, (1, 1, 1, 1)),
            (0, (1, 1, 1, 1)),
        ];
        for (files, expected) in table {
            let mut limits = Limits::default();
            assert_eq!(limits.fit(files), files < 3_168, "{files}");
            let of_api = (limits.connections, limits.connections_per_peer, limits.requests);
            let now = (of_api.0, of_api.1, of_api.2, limits.metrics_connections);
            assert_eq!(now, expected, "{files}");
            assert!(limits.files() <= files.max(OWN_FILES + 3), "{files}");
        }
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
            (CONNECTIONS, "0"),
            (CONNECTIONS, "many"),
            (PER_PEER, "1000001"),
            (REPLAY_BYTES, "16MiB"),
        ];
        for (variable, value) in table {
            let error = read(variable, value).unwrap_err().to_string();
            assert!(error.starts_with(variable), "{error}");
        }
    }
}
