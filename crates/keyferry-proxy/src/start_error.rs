//! Why a proxy does not start.

use std::{io, net::SocketAddr, path::PathBuf};

use keyferry_core::id::ProviderName;

use crate::server_tls::TlsFileError;

/// Why a proxy does not start, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Reachable from outside, and for anyone.
    #[error(
        "{address} can be reached from other machines, and whoever reaches the proxy could use its client secrets; set KEYFERRY_PROXY_ACCESS_KEYS, or KEYFERRY_PROXY_OPEN=true if something in front of it keeps strangers out"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// The address is in use.
    #[error(
        "{address} is in use, perhaps by another proxy; stop that one, or listen elsewhere with --listen or KEYFERRY_PROXY_LISTEN"
    )]
    AddressTaken {
        /// The address.
        address: SocketAddr,
    },
    /// The address can't be listened on.
    #[error("can't listen on {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// An endpoint that can't be called.
    #[error("{provider}: the endpoint {endpoint} can't be called; correct the provider file")]
    Endpoint {
        /// The provider.
        provider: ProviderName,
        /// The endpoint.
        endpoint: String,
    },
    /// A certificate or key that can't be used.
    #[error(transparent)]
    TlsFiles(#[from] TlsFileError),
    /// Certificate authorities that can't be read.
    #[error("KEYFERRY_PROXY_CA_FILE names {path}, which holds no certificates in PEM: {error}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        error: rustls::pki_types::pem::Error,
    },
    /// A store that can't be one.
    #[error(
        "KEYFERRY_PROXY_STORE_URL is no address of a Redis or Valkey; write it like redis://store.example:6379"
    )]
    Store,
    /// No TLS.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
}
