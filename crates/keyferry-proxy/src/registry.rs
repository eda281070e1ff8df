//! The providers as the proxy serves them: each by its exact name, with its client, ready to be called.

use std::{collections::BTreeMap, sync::Arc};

use http::Uri;
use keyferry_core::{flow::client::ClientCredentials, provider::ProviderFile, url::Endpoint};
use tokio::sync::Semaphore;

use crate::{
    config::{Credentials, ProxyConfig, credential_variables},
    error::ProxyError,
    start_error::StartError,
};

/// All providers. A name from a request is only ever compared with these: it never becomes part of a path, a variable or a URL.
pub(crate) struct Registry {
    providers: BTreeMap<String, Arc<Provider>>,
}

/// One provider.
pub(crate) struct Provider {
    pub(crate) file: ProviderFile,
    /// The name for logs and metrics.
    pub(crate) label: Arc<str>,
    pub(crate) token_endpoint: Uri,
    pub(crate) revocation_endpoint: Option<Uri>,
    /// The redirect URI at the proxy's own public address, where it has one.
    pub(crate) public_redirect_uri: Option<String>,
    /// One permit for each exchange that may be under way.
    pub(crate) exchanges: Arc<Semaphore>,
    client: Option<ClientCredentials>,
}

// === impl Registry ===

impl Registry {
    pub(crate) fn new(config: &ProxyConfig) -> Result<Self, StartError> {
        let provider = |file: &ProviderFile| {
            Ok((file.name.as_str().to_owned(), Arc::new(Provider::new(file, &config.credentials, config)?)))
        };
        Ok(Self { providers: config.providers.iter().map(provider).collect::<Result<_, StartError>>()? })
    }

    /// The provider of exactly this name.
    pub(crate) fn find(&self, name: &str) -> Result<&Arc<Provider>, ProxyError> {
        self.providers.get(name).ok_or(ProxyError::UnknownProvider)
    }

    /// All of them, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values().map(Arc::as_ref)
    }
}

// === impl Provider ===

impl Provider {
    fn new(file: &ProviderFile, credentials: &Credentials, config: &ProxyConfig) -> Result<Self, StartError> {
        let uri = |endpoint: &Endpoint| {
            Uri::try_from(endpoint.url().as_str()).map_err(|_| StartError::Endpoint {
                provider: file.name.clone(),
                endpoint: endpoint.as_str().to_owned(),
            })
        };
        let public = config.listen.public_url.as_ref();
        Ok(Self {
            label: file.name.as_str().into(),
            token_endpoint: uri(&file.token.endpoint)?,
            revocation_endpoint: file.revocation.as_ref().map(|found| uri(&found.endpoint)).transpose()?,
            public_redirect_uri: public.map(|public| format!("{public}/oauth/callback/{}", file.name)),
            exchanges: Arc::new(Semaphore::new(config.limits.exchanges_per_provider)),
            client: credentials.get(&file.name).cloned(),
            file: file.clone(),
        })
    }

    /// Whether the proxy has its credentials.
    pub(crate) fn is_configured(&self) -> bool {
        self.client.is_some()
    }

    /// The proxy's client there.
    pub(crate) fn client(&self) -> Result<&ClientCredentials, ProxyError> {
        self.client.as_ref().ok_or_else(|| {
            let (id, secret) = credential_variables(&self.file.name);
            ProxyError::NotConfigured { id, secret }
        })
    }

    /// The client id that a sign-in uses: the proxy's own, else the file's.
    pub(crate) fn client_id(&self) -> Option<&str> {
        let own = self.client.as_ref().map(|client| &client.client_id);
        own.or(self.file.client_id.as_ref()).map(keyferry_core::id::ClientId::as_str)
    }
}
