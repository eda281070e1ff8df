//! Certificates for providers in TLS, of an authority of the tests' own.

use std::{fs, path::PathBuf, sync::Arc};

use keyferry_proxy::ProxyConfig;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// An authority, and the file that a proxy knows it by.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

// === impl Authority ===

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Has a proxy trust it.
    pub(crate) fn vouch(&self, config: &mut ProxyConfig) {
        config.outside.authorities = Some(self.file());
    }

    /// A server for this name until this year, which speaks these protocols.
    pub(crate) fn server(&self, name: &str, until: i32, protocols: &[&str]) -> TlsAcceptor {
        let (params, key) = of(name, until);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        acceptor(certificate.der(), &key, protocols)
    }
}

/// A server whose certificate nobody signed but itself.
pub(crate) fn self_signed(name: &str) -> TlsAcceptor {
    let (params, key) = of(name, 2090);
    acceptor(params.self_signed(&key).unwrap().der(), &key, &[])
}

fn of(name: &str, until: i32) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    (params, KeyPair::generate().unwrap())
}

fn acceptor(certificate: &CertificateDer<'static>, key: &KeyPair, protocols: &[&str]) -> TlsAcceptor {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(vec![certificate.clone()], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}
