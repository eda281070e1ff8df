//! Providers that come, change and go while the proxy serves.

use std::sync::Arc;

use keyferry_core::provider::ProviderSet;

use crate::{config::Credentials, state::ProxyState};

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
            credentials
        });
        let all = self.state.registry.all();
        tracing::info!(
            providers = all.len(),
            configured = all.values().filter(|provider| provider.is_configured()).count(),
            "the providers have changed"
        );
    }
}

impl std::fmt::Debug for ProviderUpdates {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ProviderUpdates")
    }
}
