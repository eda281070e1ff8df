//! How much, and how long: every wait, input and queue of the proxy has its bound here.

use std::{num::NonZeroU32, time::Duration};

use keyferry_core::flow::reply::LONGEST_REPLY;

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
    /// Exchanges under way with one provider at once; more are answered 503, so that one slow provider can't take all.
    pub exchanges_per_provider: usize,
    /// How often one code or token may be presented in a row.
    pub credential_burst: NonZeroU32,
    /// How long until one code or token may be presented once more.
    pub credential_pause: Duration,
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
            exchanges_per_provider: 256,
            credential_burst: NonZeroU32::MIN.saturating_add(19),
            credential_pause: Duration::from_secs(3),
            shutdown: Duration::from_secs(10),
        }
    }
}
