//! The providers as the proxy serves them: each by its exact name, with its client, ready to be called.
//!
//! They may be replaced while the proxy serves. A request works to its end with the provider that it found.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use http::Uri;
use keyferry_core::{
    flow::client::ClientCredentials,
    provider::{Destinations, EndpointTemplate, OAuth, ProviderFile, ProviderSet, Redirect, SignIn},
    url::Endpoint,
};
use tokio::sync::Semaphore;

use crate::{
    config::{Credentials, ProxyConfig, credential_variables},
    error::ProxyError,
    facts::RequestFacts,
    fault::Fault,
    limits::Breaker,
    start_error::StartError,
};

/// All providers. A name from a request is only ever compared with these: it never becomes part of a path, a variable or a URL.
pub(crate) struct Registry {
    /// Read at every request, and without a lock: who replaces it keeps nobody waiting.
    providers: ArcSwap<ByName>,
    place: Place,
}

/// Providers by name.
pub(crate) type ByName = BTreeMap<String, Arc<Provider>>;

/// What all providers have in common.
struct Place {
    /// The proxy's own public address.
    public_url: Option<String>,
    exchanges_per_provider: usize,
}

/// One provider.
pub(crate) struct Provider {
    pub(crate) file: Arc<ProviderFile>,
    /// Its flow. The proxy has no use for providers without one.
    pub(crate) oauth: Arc<OAuth>,
    /// The name for logs and metrics.
    pub(crate) label: Arc<str>,
    /// Where its requests may go.
    pub(crate) destinations: Destinations,
    /// The endpoints that its file names outright, parsed once.
    uris: Vec<(String, Uri)>,
    /// The redirect URI at the proxy's own public address, where it has one.
    pub(crate) public_redirect_uri: Option<String>,
    /// One permit for each exchange that may be under way.
    pub(crate) exchanges: Arc<Semaphore>,
    pub(crate) breaker: Arc<Breaker>,
    /// Redirect URIs beyond its own, to the letter.
    pub(crate) redirect_uris: Vec<String>,
    client: Option<Arc<ClientCredentials>>,
}

// === impl Registry ===

impl Registry {
    pub(crate) fn new(config: &ProxyConfig) -> Result<Self, StartError> {
        let place = Place {
            public_url: config.listen.public_url.as_ref().map(ToString::to_string),
            exchanges_per_provider: config.limits.exchanges_per_provider,
        };
        let flows = config.providers.iter().filter_map(|file| Some((file, flow(file)?)));
        let providers = flows.map(|(file, oauth)| {
            let provider = Provider::new(file, oauth, &config.credentials, &place, None)?;
            Ok((file.name.as_str().to_owned(), Arc::new(provider)))
        });
        let providers: ByName = providers.collect::<Result<_, StartError>>()?;
        Ok(Self { providers: ArcSwap::from_pointee(providers), place })
    }

    /// The provider of exactly this name.
    pub(crate) fn find(&self, name: &str) -> Result<Arc<Provider>, ProxyError> {
        self.providers.load().get(name).cloned().ok_or(ProxyError::UnknownProvider)
    }

    /// All of them, as they are now.
    pub(crate) fn all(&self) -> Arc<ByName> {
        self.providers.load_full()
    }

    /// Uses these clients from now on, with the files as they are. To be called by one at a time with [`Registry::replace`].
    pub(crate) fn renew(&self, credentials: &Credentials) {
        let all = self.all();
        let renewed = all.iter().map(|(name, old)| {
            let provider = Provider::new(&old.file, &old.oauth, credentials, &self.place, Some(old));
            let provider = provider.map_or_else(
                |error| {
                    tracing::warn!(provider = name, %error, "a provider stays as it was");
                    Arc::clone(old)
                },
                Arc::new,
            );
            (name.clone(), provider)
        });
        self.providers.store(Arc::new(renewed.collect()));
    }

    /// Serves these from now on. A provider whose file is as before stays the very same one. Of a changed one its share of exchanges
    /// and its label stay, for what is under way counts on; one that can't be called stays as it was.
    ///
    /// `credentials` is asked for the clients of those files alone that are new or changed. To be called by one at a time.
    pub(crate) fn replace(&self, set: &ProviderSet, credentials: impl FnOnce(&ProviderSet) -> Credentials) {
        let before = self.all();
        let mut changed = ProviderSet::default();
        let mut now = ByName::new();
        for file in set.iter().filter(|file| file.oauth().is_some()) {
            match before.get(file.name.as_str()) {
                Some(old) if old.file.source == file.source => {
                    now.insert(file.name.as_str().to_owned(), Arc::clone(old));
                }
                _ => drop(changed.insert(Arc::clone(file))),
            }
        }
        let credentials = credentials(&changed);
        for file in changed.iter() {
            let Some(oauth) = flow(file) else { continue };
            let old = before.get(file.name.as_str());
            let mut problems = credentials.problems().iter();
            if let Some(old) = old.filter(|old| old.is_configured())
                && problems.any(|problem| problem.takes_away() && *problem.provider() == file.name)
            {
                tracing::warn!(provider = %file.name, "a provider stays as it was, for its client can't be read");
                now.insert(file.name.as_str().to_owned(), Arc::clone(old));
                continue;
            }
            let provider = match Provider::new(file, oauth, &credentials, &self.place, old) {
                Ok(provider) => Arc::new(provider),
                Err(error) => {
                    tracing::warn!(provider = %file.name, %error, "a provider stays as it was");
                    match old {
                        Some(old) => Arc::clone(old),
                        None => continue,
                    }
                }
            };
            now.insert(file.name.as_str().to_owned(), provider);
        }
        self.providers.store(Arc::new(now));
    }
}

// === impl Provider ===

impl Provider {
    fn new(
        file: &Arc<ProviderFile>,
        oauth: &Arc<OAuth>,
        credentials: &Credentials,
        place: &Place,
        before: Option<&Arc<Self>>,
    ) -> Result<Self, StartError> {
        let uri = |endpoint: &Endpoint| {
            let uri = Uri::try_from(endpoint.url().as_str()).map_err(|_| StartError::Endpoint {
                provider: file.name.clone(),
                endpoint: endpoint.as_str().to_owned(),
            });
            Ok((endpoint.as_str().to_owned(), uri?))
        };
        let fixed = endpoints(oauth).filter_map(EndpointTemplate::fixed);
        let public = place.public_url.as_ref();
        let permits = || Arc::new(Semaphore::new(place.exchanges_per_provider));
        Ok(Self {
            label: before.map_or_else(|| file.name.as_str().into(), |before| Arc::clone(&before.label)),
            destinations: Destinations::new(file, oauth, credentials.allowed_hosts(&file.name).to_vec()),
            uris: fixed.map(uri).collect::<Result<_, StartError>>()?,
            public_redirect_uri: public.map(|public| format!("{public}/oauth/callback/{}", file.name)),
            breaker: before.map(|before| Arc::clone(&before.breaker)).unwrap_or_default(),
            redirect_uris: credentials.redirect_uris(&file.name).to_vec(),
            exchanges: before.map_or_else(permits, |before| Arc::clone(&before.exchanges)),
            client: credentials.get(&file.name).cloned().map(Arc::new),
            oauth: Arc::clone(oauth),
            file: Arc::clone(file),
        })
    }

    /// The parsed form of an endpoint that the file names outright.
    pub(crate) fn uri(&self, endpoint: &Endpoint) -> Option<&Uri> {
        self.uris.iter().find(|(known, _)| known == endpoint.as_str()).map(|(_, uri)| uri)
    }

    /// Whether its endpoints are the same for all, so that what one caller finds there is true for the others.
    pub(crate) fn is_one_for_all(&self) -> bool {
        endpoints(&self.oauth).all(|endpoint| endpoint.fixed().is_some())
    }

    /// Refuses values that make no endpoint of this provider, before anything is spent.
    pub(crate) fn reachable(&self, request: &RequestFacts) -> Result<(), ProxyError> {
        let endpoint = self.oauth.token.endpoint.resolve(&request.values()).map_err(ProxyError::Endpoint)?;
        match self.uri(&endpoint) {
            Some(_) => Ok(()),
            None => self.destinations.check(&endpoint).map_err(|refused| Fault::Host(refused).into()),
        }
    }

    /// Where its sign-ins come back to, where that is this proxy.
    pub(crate) fn own_redirect_uri(&self) -> Option<&str> {
        match self.oauth.authorization.redirect {
            Redirect::Proxy => self.public_redirect_uri.as_deref(),
            Redirect::Loopback => None,
        }
    }

    /// Whether the proxy has its credentials.
    pub(crate) fn is_configured(&self) -> bool {
        self.client.is_some()
    }

    /// The proxy's client there.
    pub(crate) fn client(&self) -> Result<Arc<ClientCredentials>, ProxyError> {
        self.client.clone().ok_or_else(|| {
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

/// The flow of a file, which all that know the file share.
fn flow(file: &ProviderFile) -> Option<&Arc<OAuth>> {
    match &file.sign_in {
        SignIn::OAuth(oauth) => Some(oauth),
        SignIn::Browser(_) => None,
    }
}

/// Where a provider's requests go.
fn endpoints(oauth: &OAuth) -> impl Iterator<Item = &EndpointTemplate> {
    let revocation = oauth.revocation.as_ref().map(|revocation| &revocation.endpoint);
    [Some(&oauth.token.endpoint), oauth.token.refresh_endpoint.as_ref(), revocation].into_iter().flatten()
}
