//! How providers' certificates are verified: as the platform does, and by the operator's own authorities.

use std::{error::Error, io, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use crate::start_error::StartError;

/// TLS 1.2 and 1.3 with the platform's verifier, and the authorities of a file beside it.
///
/// Where the platform has no certificates at all (a bare container), the proxy still starts, for providers on loopback need none;
/// every https provider is then refused, as one that nobody vouches for.
pub(super) fn config(authorities: Option<&Path>) -> Result<ClientConfig, StartError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        || ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let own = authorities.map(read).transpose()?.unwrap_or_default();
    match Verifier::new_with_extra_roots(own.clone(), Arc::clone(&provider)) {
        Ok(verifier) => {
            let verified = builder()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
            Ok(verified.with_no_client_auth())
        }
        Err(error) => {
            tracing::warn!(
                ?error,
                "no certificate authorities of the platform were found: install ca-certificates to reach https providers"
            );
            let mut roots = RootCertStore::empty();
            for authority in own {
                roots.add(authority)?;
            }
            Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
        }
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let failed = |error| StartError::Authorities { path: path.to_owned(), error };
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.map_err(failed)?;
    if found.is_empty() { Err(failed(rustls::pki_types::pem::Error::NoItemsFound)) } else { Ok(found) }
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
