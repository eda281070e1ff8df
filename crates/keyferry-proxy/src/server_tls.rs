//! TLS towards callers: a certificate and its key from two files, which may be replaced while the proxy serves.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::config::TlsFiles;

/// The name of HTTP/2 in ALPN (RFC 9113 §3.2).
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsFileError {
    /// A file that can't be read, or holds nothing of its kind.
    #[error("{path} holds no {what} in PEM: {error}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why.
        error: rustls::pki_types::pem::Error,
    },
    /// A certificate and a key that don't belong together, or that nobody could use.
    #[error("the certificate and the key can't be used together: {0}")]
    Pair(#[from] rustls::Error),
}

/// What the proxy shows to callers.
pub(crate) struct ServerTls(ArcSwap<ServerConfig>);

// === impl ServerTls ===

impl ServerTls {
    pub(crate) fn load(files: &TlsFiles) -> Result<Self, TlsFileError> {
        Ok(Self(ArcSwap::new(read(files)?)))
    }

    /// Shows another certificate from the next connection on. One that can't be used changes nothing.
    pub(crate) fn replace(&self, files: &TlsFiles) -> Result<(), TlsFileError> {
        self.0.store(read(files)?);
        Ok(())
    }

    /// Takes a connection.
    pub(crate) async fn accept<S>(&self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.0.load_full()).accept(stream).await
    }
}

/// Whether a caller chose HTTP/2.
pub(crate) fn is_http2<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsFileError> {
    let failed = |path: &PathBuf, what| {
        let path = path.clone();
        move |error| TlsFileError::Pem { path, what, error }
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed(&files.certificate, "certificate"))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(failed(&files.key, "private key"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
    Ok(Arc::new(config))
}
