//! How providers' certificates are verified: as the platform does.

use std::{error::Error, io, sync::Arc};

use hyper_rustls::ConfigBuilderExt;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

/// TLS 1.2 and 1.3 with the platform's verifier.
///
/// Where the platform has no certificates at all (a bare container), the proxy still starts, for providers on loopback need none;
/// every https provider is then refused, as one that nobody vouches for.
pub(super) fn config() -> Result<ClientConfig, rustls::Error> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
    };
    match builder()?.try_with_platform_verifier() {
        Ok(verified) => Ok(verified.with_no_client_auth()),
        Err(error) => {
            tracing::warn!(
                ?error,
                "no certificate authorities were found: install ca-certificates to reach https providers"
            );
            Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
        }
    }
}

/// The TLS error in a chain of causes, if that is what it was.
pub(super) fn refusal<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        // An I/O error hides the error that it wraps from `source`.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source());
    }
    None
}
