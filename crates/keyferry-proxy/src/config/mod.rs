//! What can be set about a proxy before it starts, one small struct a concern.
//!
//! | variable | what | struct |
//! | --- | --- | --- |
//! | `KEYFERRY_PROXY_LISTEN` | the address (`127.0.0.1:7666`) | [`Listen`] |
//! | `KEYFERRY_PROXY_METRICS_LISTEN` | an address of its own for `/metrics` | [`Listen`] |
//! | `KEYFERRY_PROXY_PUBLIC_URL` | how it is reached from outside | [`Listen`] |
//! | `KEYFERRY_PROXY_OPEN` | `true`: anyone may use it off loopback | [`Listen`] |
//! | `KEYFERRY_PROXY_ACCESS_KEYS` | `name=key` or `name=sha256:HEX`, several by commas | [`AccessKeys`] |
//! | `KEYFERRY_PROXY_RATE_PER_ADDRESS`, `KEYFERRY_PROXY_RATE_PER_KEY` | how often they may ask | [`Callers`] |
//! | `KEYFERRY_PROXY_TRUSTED_PROXIES`, `KEYFERRY_PROXY_FORWARDED_HEADER` | whose word on an address counts | [`Callers`] |
//! | `KEYFERRY_PROXY_ORIGINS` | whose pages may call | [`Callers`] |
//! | `KEYFERRY_PROXY_TLS_CERTIFICATE_FILE`, `KEYFERRY_PROXY_TLS_KEY_FILE` | its certificate and the key of it | [`TlsFiles`] |
//! | `KEYFERRY_PROXY_CA_FILE` | authorities beside the platform's | [`Outside`] |
//! | `KEYFERRY_PROXY_PRIVATE_HOSTS` | hosts that may lead into the own network | [`Outside`] |
//! | `KEYFERRY_PROXY_EGRESS_PROXY` | a proxy for https on its way out | [`Outside`] |
//! | `KEYFERRY_PROXY_STORE_URL` | a Redis or Valkey for limits of several proxies together | [`Outside`] |
//! | `KEYFERRY_PROXY_CONNECTIONS`, `KEYFERRY_PROXY_CONNECTIONS_PER_ADDRESS` | how many are served at once | [`Limits`] |
//! | `KEYFERRY_PROXY_DRAIN` | how long it serves on before it ends (`0`) | [`Limits`] |
//! | `KEYFERRY_PROXY_SEALING` | `false`: without a sealing key nothing is sealed | [`SealingByClient`] |
//! | `KEYFERRY_PROXY_SEALING_KEY` | 32 bytes in base64: seals refresh tokens | [`SealingKeys`] |
//! | `KEYFERRY_PROXY_PREVIOUS_SEALING_KEY` | the one before it, which still opens | [`SealingKeys`] |
//! | `KEYFERRY_PROXY_ACCEPT_UNSEALED_UNTIL` | the last day of tokens that are not sealed | [`SealingKeys`] |
//! | `KEYFERRY_PROXY_REPLAY_LIFE` | how long an answer is kept for who asks again (`10m`; `0` keeps none) | [`Limits`] |
//! | `KEYFERRY_PROXY_REPLAY_ENTRIES`, `KEYFERRY_PROXY_REPLAY_BYTES` | how many are, and how much | [`Limits`] |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` and others of OpenTelemetry | where spans go | [`TraceExport`] |
//! | `NAME_CLIENT_ID`, `NAME_CLIENT_SECRET` | the client at a provider | [`Credentials`] |
//! | `NAME_PREVIOUS_CLIENT_SECRET` | the secret before, which opens what was sealed under it | [`Credentials`] |
//! | `NAME_PRIVATE_KEY`, `NAME_PRIVATE_KEY_ID` | its key, where it signs assertions | [`Credentials`] |
//! | `NAME_ALLOWED_HOSTS` | hosts that people may name, where the file takes any | [`Credentials`] |
//!
//! Keys and secrets may stand in a file instead, which the variable with `_FILE` at its end names.

mod access;
mod callers;
mod credential_problem;
mod credentials;
mod dotenv;
mod environment;
mod error;
mod key_file;
mod limits;
mod listen;
mod network;
mod outside;
mod private_key;
mod rate;
mod sealing;
mod slips;
mod source;
mod tls_files;
mod trace_export;

use std::sync::Arc;

use keyferry_core::provider::ProviderSet;

pub use access::{AccessKey, AccessKeys, InvalidAccessKeys};
pub use callers::Callers;
#[cfg(test)]
pub(crate) use callers::X_FORWARDED_FOR;
pub use credential_problem::CredentialProblem;
pub use credentials::Credentials;
pub(crate) use credentials::{previous_variable, variables as credential_variables};
pub use dotenv::{DotEnv, DotEnvError};
pub use environment::Environment;
pub use error::ConfigError;
pub use key_file::{KeyFile, KeyFileError, NewKey};
pub use limits::Limits;
pub use listen::{DEFAULT_LISTEN, Listen};
pub use network::{InvalidNetwork, Network};
pub use outside::Outside;
pub use rate::{InvalidRate, Rate};
pub use sealing::{InvalidSealingKey, SealingByClient, SealingKey, SealingKeys};
pub use slips::{VariableSlip, variable_slips};
pub use source::SourceError;
pub use tls_files::TlsFiles;
pub use trace_export::{Sampling, TraceExport};

use crate::clock::Clock;

/// Everything that [`Proxy::bind`](crate::Proxy::bind) needs to know.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// Where it listens, and for whom.
    pub listen: Listen,
    /// What callers see of it in TLS; none speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// How it reaches providers.
    pub outside: Outside,
    /// The providers it knows.
    pub providers: Arc<ProviderSet>,
    /// The clients it is registered as.
    pub credentials: Credentials,
    /// Who may use it; empty lets in whoever reaches it.
    pub access: AccessKeys,
    /// What is known of callers, and how often they may ask.
    pub callers: Callers,
    /// What refresh tokens are sealed with on their way out.
    pub sealing: Option<SealingKeys>,
    /// Where spans of requests go; none makes none.
    pub traces: Option<TraceExport>,
    /// What becomes of them where there is no such key.
    pub sealing_by_client: SealingByClient,
    /// How much, and how long.
    pub limits: Limits,
    /// The time.
    pub clock: Clock,
}

// === impl ProxyConfig ===

impl ProxyConfig {
    /// A proxy on loopback at its usual port, with no credentials yet.
    #[must_use]
    pub fn new(providers: Arc<ProviderSet>) -> Self {
        Self {
            listen: Listen::default(),
            tls: None,
            outside: Outside::default(),
            providers,
            credentials: Credentials::default(),
            access: AccessKeys::default(),
            callers: Callers::default(),
            sealing: None,
            traces: None,
            sealing_by_client: SealingByClient::default(),
            limits: Limits::default(),
            clock: Clock::system(),
        }
    }

    /// Reads the `KEYFERRY_PROXY_…` variables and the providers' credentials through `lookup`, which is handed in: nothing here
    /// looks at the environment of the process. An empty value counts as none.
    ///
    /// # Errors
    /// [`ConfigError`] for a variable that can't be understood. Credentials that are incomplete are no error, since the other
    /// providers work without them: see [`Credentials::problems`].
    pub fn from_environment(
        providers: Arc<ProviderSet>,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: Listen::from_environment(&lookup)?,
            tls: TlsFiles::from_environment(&lookup)?,
            outside: Outside::from_environment(&lookup)?,
            credentials: Credentials::from_environment(&providers, &lookup),
            access: AccessKeys::from_environment(&lookup)?,
            callers: Callers::from_environment(&lookup)?,
            sealing: SealingKeys::from_environment(&lookup)?,
            traces: TraceExport::from_environment(&lookup)?,
            sealing_by_client: SealingByClient::from_environment(&lookup)?,
            limits: Limits::from_environment(&lookup)?,
            clock: Clock::system(),
            providers,
        })
    }
}
