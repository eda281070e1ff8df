//! What ends a measurement. A figure with failed requests in it says nothing, so the first failure ends the run.

use std::io;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The system refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The figures can't be printed.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A provider file can't be used.
    #[error("{0}")]
    Provider(String),
    /// No certificate can be made.
    #[error("no certificate can be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A certificate can't be used.
    #[error("{0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// A request can't be made of the plan.
    #[error("{0}")]
    Request(#[from] http::Error),
    /// A connection broke.
    #[error("the target's connection broke: {0}")]
    Connection(#[from] hyper::Error),
    /// No reply in time.
    #[error("the target did not answer within {0} s")]
    Late(u64),
    /// The target answered something else than tokens.
    #[error("the target answered {status} and no tokens: {body}")]
    Refused {
        /// The status.
        status: u16,
        /// The start of the body. It comes from servers that were started for the benchmark, and holds no one's secret.
        body: String,
    },
    /// A task ended without an answer.
    #[error("a connection's task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}
