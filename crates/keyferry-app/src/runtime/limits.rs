//! How long and how much.

use std::time::Duration;

/// Every bound of the runtime. [`Limits::default`] is what a person gets; tests shorten the waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the start of the process to a listed set of tools. Generous, for a first start may have to download the server.
    pub initialize: Duration,
    /// One tool call, or one listing of tools.
    pub call: Duration,
    /// How long a server may take to end after its standard input was closed.
    pub after_eof: Duration,
    /// How long it may then take to end after `SIGTERM`.
    pub after_terminate: Duration,
    /// How long the kernel may then take to end it after `SIGKILL`.
    pub after_kill: Duration,
    /// The longest MCP message a server may send, in bytes. A longer one ends the session: what sends it can't be waited out.
    pub message: usize,
    /// The size of one log file in bytes. There are two of them: the current one and the one before.
    pub log_file: u64,
    /// Bytes a second a server may add to its log; what is above is counted and left out, so that a flood does not wear the disk.
    pub log_rate: usize,
    /// Calls of one server under way at a time; further ones wait within their own limit.
    pub calls: usize,
    /// Tools of one server.
    pub tools: usize,
    /// Servers known at a time.
    pub servers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            initialize: Duration::from_secs(30),
            call: Duration::from_secs(60),
            after_eof: Duration::from_secs(2),
            after_terminate: Duration::from_secs(3),
            after_kill: Duration::from_secs(2),
            message: 16 * 1024 * 1024,
            log_file: 1024 * 1024,
            log_rate: 256 * 1024,
            calls: 64,
            tools: 4_096,
            servers: 256,
        }
    }
}

impl Limits {
    /// The longest a stop takes, whatever the server does. The waits twice over, for the leader and for what it left behind.
    #[must_use]
    pub fn longest_stop(&self) -> Duration {
        self.after_eof + (self.after_terminate + self.after_kill) * 2
    }
}
