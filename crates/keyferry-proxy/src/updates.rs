//! Providers and secrets that come, change and go while the proxy serves.

use std::sync::Arc;

use keyferry_core::provider::ProviderSet;

use crate::{
    config::{AccessKeys, ConfigError, Credentials, SealingByClient, SealingKeys, TlsFiles, TraceExport},
    server_tls::TlsFileError,
    state::ProxyState,
};

/// Why the settings stay as they were.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsFileError),
    /// The client of a provider that has one.
    #[error("{0}; it keeps the client that it has")]
    Client(String),
}

/// What replaces a proxy's providers while it serves. Where their files come from is its caller's business.
pub struct ProviderUpdates {
    state: Arc<ProxyState>,
}

// === impl ProviderUpdates ===

impl ProviderUpdates {
    pub(crate) fn new(state: Arc<ProxyState>) -> Self {
        Self { state }
    }

    /// Serves these providers from now on. Exchanges under way end with the file that they began with. The credentials of a new or
    /// changed provider are read through `lookup`; those of a provider whose file is as before stay.
    pub fn replace(&mut self, providers: &ProviderSet, lookup: impl Fn(&str) -> Option<String>) {
        self.state.registry.replace(providers, |changed| {
            let credentials = Credentials::from_environment(changed, lookup);
            for problem in credentials.problems() {
                tracing::warn!("{problem}");
            }
            self.state.sealer.renew(&credentials, changed);
            credentials
        });
        self.state.tell_near();
        let all = self.state.registry.all();
        tracing::info!(
            providers = all.len(),
            configured = all.values().filter(|provider| provider.is_configured()).count(),
            "the providers have changed"
        );
    }

    /// Reads the secrets anew: access keys, sealing keys, the clients of `providers`, the certificate, and the headers for the collector of
    /// traces. All of them are used from the next request on, or none is where one can't be. Other settings need a new start.
    ///
    /// # Errors
    /// [`ReloadError`].
    pub fn reload(
        &mut self,
        providers: &ProviderSet,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ReloadError> {
        let access = AccessKeys::from_environment(&lookup)?;
        let sealing = SealingKeys::from_environment(&lookup)?;
        let by_client = SealingByClient::from_environment(&lookup)?;
        let files = TlsFiles::from_environment(&lookup)?;
        let traces = self.state.traces.as_ref();
        let headers = traces.map(|_| TraceExport::headers_from_environment(&lookup)).transpose()?;
        let credentials = Credentials::from_environment(providers, &lookup);
        let mut lost = credentials.problems().iter().filter(|problem| {
            problem.takes_away()
                && self.state.registry.find(problem.provider().as_str()).is_ok_and(|one| one.is_configured())
        });
        if let Some(problem) = lost.next() {
            return Err(ReloadError::Client(problem.to_string()));
        }
        if let (Some(tls), Some(files)) = (&self.state.tls, &files) {
            tls.replace(files)?;
        }
        if let Some((traces, headers)) = traces.zip(headers) {
            traces.collector().replace_headers(headers);
        }
        self.state.admission.replace(&access);
        if !self.state.sealer.replace(sealing.as_ref(), by_client) {
            tracing::warn!("the sealing key is gone from the settings; the one before goes on to be used");
        }
        for problem in credentials.problems() {
            tracing::warn!("{problem}");
        }
        self.state.sealer.renew(&credentials, providers);
        self.state.registry.renew(&credentials);
        self.state.tell_near();
        tracing::info!(access_keys = access.iter().count(), "the secrets were read anew");
        Ok(())
    }
}

impl std::fmt::Debug for ProviderUpdates {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ProviderUpdates")
    }
}
