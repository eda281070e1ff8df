//! What can be set about a sandbox before it starts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use crate::{client::RedirectRule, clock::Clock, secret::SandboxSecret};

/// The client id that is registered unless another is given.
pub const DEFAULT_CLIENT_ID: &str = "keyferry-sandbox";

/// The variable that names a ledger file for every sandbox of the process, so that a whole test run can be searched.
pub const LEDGER_VARIABLE: &str = "KEYFERRY_SANDBOX_LEDGER";

/// Everything that [`Sandbox::start`](crate::Sandbox::start) needs to know. The default suits tests: a free
/// port of 127.0.0.1, a fresh client secret, rotation without grace, the ledger file of [`LEDGER_VARIABLE`].
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Where to listen. Loopback only; port 0 lets the kernel choose.
    pub listen: SocketAddr,
    /// The registered client's id.
    pub client_id: String,
    /// The registered client's secret; `None` makes a fresh one.
    pub client_secret: Option<SandboxSecret>,
    /// The registered redirect URIs.
    pub redirect_uris: Vec<RedirectRule>,
    /// How long an authorization code lives. RFC 6749 §4.1.2 allows ten minutes at most.
    pub code_lifetime: Duration,
    /// How long an access token lives.
    pub access_token_lifetime: Duration,
    /// How long a grant can be refreshed, counted from the sign-in, however often it is refreshed.
    pub refresh_token_lifetime: Duration,
    /// What becomes of a refresh token that was used.
    pub rotation: Rotation,
    /// The time.
    pub clock: Clock,
    /// A file to which every issued secret is appended, one a line, mode 0600. For tests that search logs.
    pub ledger_file: Option<PathBuf>,
    /// How much the sandbox holds.
    pub limits: Limits,
}

/// What becomes of a refresh token that was used (RFC 9700 §4.14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Every refresh answers with a new refresh token and retires the old one. A retired token that comes back
    /// later than `grace` after its first use revokes the whole family.
    Rotate {
        /// How long after its first use a token may be used again.
        grace: Duration,
    },
    /// The refresh token stays, and replies to refreshes carry none.
    Keep,
}

/// Upper bounds of what is kept in memory. What has expired makes room; when all is live, requests get 503.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Consent pages that nobody has answered yet.
    pub pending_consents: usize,
    /// Authorization codes, spent ones included until they expire.
    pub codes: usize,
    /// Access tokens and, counted apart, refresh tokens.
    pub tokens: usize,
    /// Notes of one account.
    pub notes: usize,
    /// Token requests that the recorder keeps; older ones make room.
    pub recorded_requests: usize,
    /// Connections served at once; more wait to be accepted.
    pub connections: usize,
}

// === impl SandboxConfig ===

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            client_id: DEFAULT_CLIENT_ID.to_owned(),
            client_secret: None,
            redirect_uris: vec![RedirectRule::Loopback { path: "/oauth/callback/sandbox".to_owned() }],
            code_lifetime: Duration::from_secs(60),
            access_token_lifetime: Duration::from_secs(3600),
            refresh_token_lifetime: Duration::from_secs(30 * 24 * 3600),
            rotation: Rotation::default(),
            clock: Clock::system(),
            ledger_file: std::env::var_os(LEDGER_VARIABLE).map(PathBuf::from),
            limits: Limits::default(),
        }
    }
}

// === impl Rotation ===

impl Default for Rotation {
    fn default() -> Self {
        Self::Rotate { grace: Duration::ZERO }
    }
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending_consents: 10_000,
            codes: 50_000,
            tokens: 500_000,
            notes: 1_000,
            recorded_requests: 256,
            connections: 4_096,
        }
    }
}
