//! A setting that can't be understood.

use super::{InvalidAccessKeys, InvalidSealingKey, SourceError};

/// Why the configuration can't be used. Names the variable, never its value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No address with a port.
    #[error("{variable} is not an address with a port; write it like 127.0.0.1:7666 or [::1]:7666")]
    Address {
        /// The variable.
        variable: &'static str,
    },
    /// Neither `true` nor `false`.
    #[error("{variable} is neither true nor false")]
    Switch {
        /// The variable.
        variable: &'static str,
    },
    /// Not the URL of a proxy.
    #[error("{variable} can't be used: {why}; write it like https://proxy.example, without a path")]
    PublicUrl {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A limit that makes no sense.
    #[error("{variable} must be {rule}")]
    Limit {
        /// The variable.
        variable: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// A variable or file that can't be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Access keys that can't be used.
    #[error(transparent)]
    Access(#[from] InvalidAccessKeys),
    /// A sealing key that can't be used.
    #[error("{variable}: {why}")]
    Sealing {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        why: InvalidSealingKey,
    },
}
