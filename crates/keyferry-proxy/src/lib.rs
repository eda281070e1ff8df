//! The OAuth proxy: holds the client secrets, and adds them to token requests.
//!
//! A caller names a provider and hands in a code or a refresh token; the provider's file names the endpoint, the proxy's
//! configuration the client. [`ProxyConfig`] says what to run, [`Proxy`] runs it.
//!
//! | question | module |
//! | --- | --- |
//! | which routes are there? | `routes`: its table, then the URL tree |
//! | what can the proxy be made to call? | `upstream`, the only HTTP client |
//! | what becomes of a provider's answer? | `exchange` |
//! | what is an error told as? | `error` |
//! | what is answered without asking the provider again? | `replay` |
//! | who may call? whose token is it? how often? | `admission`, `cors`, `seal`, `pace`, `limits` |
//! | how do providers come, change and go? | `updates`, `registry` |
//! | how long, how much, how many? | `config/limits.rs`; for connections `serve`, `patience`, `peers` |
//! | what is logged, counted and traced? | `request_log`, `metrics`, `traces` |

mod admission;
mod body;
mod clock;
mod config;
mod cors;
mod error;
mod exchange;
mod facts;
mod fault;
mod finish;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "they run in tests and under libFuzzer alone, which learn of a broken promise by a panic"
)]
pub mod fuzz;
mod limits;
mod metrics;
mod pace;
mod parameters;
mod patience;
mod peers;
mod preface;
mod proxy;
mod registry;
mod replay;
mod request_id;
mod request_log;
mod respond;
mod retry_after;
mod routes;
mod seal;
mod serve;
mod server_tls;
mod start_error;
mod state;
mod taken;
mod traces;
mod updates;
mod upstream;
mod whole;

pub use clock::Clock;
pub use config::{
    AccessKey, AccessKeys, Callers, ConfigError, CredentialProblem, Credentials, DEFAULT_LISTEN, DotEnv,
    DotEnvError, Environment, InvalidAccessKeys, InvalidNetwork, InvalidRate, InvalidSealingKey, KeyFile,
    KeyFileError, Limits, Listen, Network, NewKey, Outside, ProxyConfig, Rate, Sampling, SealingByClient,
    SealingKey, SealingKeys, SourceError, TlsFiles, TraceExport, VariableSlip, variable_slips,
};
pub use proxy::Proxy;
pub use request_log::REQUEST_LOG_TARGET;
pub use server_tls::TlsFileError;
pub use start_error::StartError;
pub use updates::{ProviderUpdates, ReloadError};
