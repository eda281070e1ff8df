//! A sign-in: from the authorization URL to a saved connection.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError},
};

use keyferry_core::{
    delivery::Values,
    fact::Facts,
    flow::{
        Tokens,
        callback::{
            AuthorizedCode, CallbackError, PendingSignIn, SignInEntropy, SignInStart, StateKey,
            UnverifiedCallback,
        },
        error::ErrorCode,
        reply::TokenReply,
    },
    id::{ConnectionId, FactName, ProviderName},
    idempotency_key::IdempotencyKey,
    provider::{
        Destinations, HostPattern, InvalidConfig, OAuth, ProviderFile, Redirect, RefusedHost, check_config,
    },
    scope::Scopes,
    url::{AuthorizationUrl, RedirectUri},
};
use tokio::sync::oneshot;

use super::{ConnectionError, Connections, Inner, ProxyError};
use crate::{
    pages::SignInPage,
    vault::{ConnectionKind, ConnectionRecord, ConnectionState, Event, Expected},
};

/// The most sign-ins that wait at once. A page that begins them in a loop must not fill the memory.
const MOST: usize = 64;

type Outcome = Result<ConnectionId, ConnectionError>;

/// Sign-ins that wait for their response.
#[derive(Default)]
pub(super) struct Pending(HashMap<StateKey, Waiting>);

struct Waiting {
    step: PendingSignIn,
    /// The provider file that it began with. It ends by the same one, whatever becomes of the provider meanwhile.
    file: Arc<ProviderFile>,
    /// The connection that gets the new tokens; none for a new one.
    renewed: Option<ConnectionId>,
    outcome: oneshot::Sender<Outcome>,
}

/// What a sign-in is for.
#[derive(Debug, Clone)]
pub struct SignInRequest<'r> {
    /// The provider.
    pub provider: &'r ProviderName,
    /// The connection that gets the new grant; none for a new connection.
    pub renewed: Option<ConnectionId>,
    /// What the provider file asks of the person. Whoever renews need not say again what was asked for before.
    pub config: &'r BTreeMap<FactName, String>,
    /// What is asked for beside the provider file's own scopes.
    pub scopes: &'r Scopes,
}

impl<'r> SignInRequest<'r> {
    /// A new connection that needs nothing but what the provider file says.
    #[must_use]
    pub fn new(provider: &'r ProviderName) -> Self {
        static NOTHING: BTreeMap<FactName, String> = BTreeMap::new();
        static NONE: Scopes = Scopes::none();
        Self { provider, renewed: None, config: &NOTHING, scopes: &NONE }
    }

    /// The same for a connection that is there.
    #[must_use]
    pub fn renewing(self, connection: &ConnectionId) -> Self {
        Self { renewed: Some(connection.clone()), ..self }
    }
}

/// A sign-in under way. Dropped, it is cancelled.
pub struct SignIn {
    url: AuthorizationUrl,
    key: StateKey,
    outcome: oneshot::Receiver<Outcome>,
    connections: Connections,
}

impl Connections {
    /// Begins a sign-in, for a new connection or to renew one: what that has stays until the new grant is in.
    ///
    /// # Errors
    /// [`ConnectionError`] when a value is missing or wrong, the provider is unknown or not configured on the proxy, the proxy can't be reached, too many wait, or the
    /// connection to renew is unknown, another provider's, or about to be revoked.
    pub async fn begin_sign_in(
        &self,
        SignInRequest { provider, renewed, config: given, scopes }: SignInRequest<'_>,
    ) -> Result<SignIn, ConnectionError> {
        let inner = &self.0;
        let file = inner.file(provider)?;
        let oauth = oauth(&file)?;
        let mut given = given.clone();
        if let Some(id) = &renewed {
            for (name, text) in inner.renewable(id, provider).await?.config.iter() {
                given.entry(name.clone()).or_insert_with(|| text.expose_secret().to_owned());
            }
            given.retain(|name, _| file.config.contains_key(name));
        }
        let config = check_config(&file.config, &given).map_err(|error| ConnectionError::Config {
            hint: config_hint(&file, &error),
            provider: provider.clone(),
            error,
        })?;
        let facts = inner.proxy.facts(provider).await?;
        if !facts.configured {
            return Err(ConnectionError::NotConfigured(provider.clone()));
        }
        let may_go = hosts(&file, oauth, facts.allowed_hosts.as_deref());
        if let Err((host, refused)) = allowed(oauth, &config, &may_go, facts.allowed_hosts.is_some()) {
            return Err(ConnectionError::HostNotAllowed { provider: provider.clone(), host, refused });
        }
        let client_id = facts.client_id.or_else(|| file.client_id.clone());
        let client_id = client_id.ok_or_else(|| ConnectionError::NoClientId(provider.clone()))?;
        let redirect_uri = inner.redirect_uri(provider, oauth, facts.redirect_uri.as_deref())?;
        let start = SignInStart {
            provider,
            oauth,
            client_id,
            redirect_uri,
            scopes: oauth.authorization.scopes.with(scopes),
            config,
            entropy: SignInEntropy {
                state: inner.entropy.bytes(),
                verifier: inner.entropy.bytes(),
                return_port: inner.address.port(),
            },
        };
        let begun = PendingSignIn::begin(start, inner.now());
        let (step, url) = begun.map_err(|error| ConnectionError::AuthorizationUrl(error.to_string()))?;
        let (key, (sender, receiver)) = (step.key(), oneshot::channel());
        inner.keep(Waiting { step, file: Arc::clone(&file), renewed, outcome: sender })?;
        tracing::info!(%provider, "a sign-in was begun");
        Ok(SignIn { url, key, outcome: receiver, connections: self.clone() })
    }

    /// Takes the authorization response that came to a provider's path, and says what the person sees.
    ///
    /// The exchange runs to its end even when the browser goes away: the code is spent with the first request.
    pub async fn receive(&self, path: &str, query: &str) -> SignInPage {
        let connections = self.clone();
        let (path, query) = (path.to_owned(), zeroize::Zeroizing::new(query.to_owned()));
        let received = self.0.tasks.spawn(async move { connections.0.receive(&path, &query).await });
        received.await.unwrap_or(SignInPage::Failed)
    }
}

impl Inner {
    pub(super) fn file(&self, provider: &ProviderName) -> Result<Arc<ProviderFile>, ConnectionError> {
        self.providers.get(provider).ok_or_else(|| ConnectionError::UnknownProvider(provider.clone()))
    }

    /// Where the answer of a sign-in goes: to this app, or to the proxy, which sends it on.
    fn redirect_uri(
        &self,
        provider: &ProviderName,
        oauth: &OAuth,
        at_proxy: Option<&str>,
    ) -> Result<RedirectUri, ConnectionError> {
        let uri = match oauth.authorization.redirect {
            Redirect::Loopback => RedirectUri::loopback(self.address, provider),
            Redirect::Proxy => {
                let text = at_proxy.ok_or_else(|| ConnectionError::NoPublicRedirect(provider.clone()))?;
                RedirectUri::parse_public(text, provider)
            }
        };
        uri.map_err(|error| ConnectionError::AuthorizationUrl(error.to_string()))
    }

    fn keep(&self, waiting: Waiting) -> Result<(), ConnectionError> {
        let now = self.now();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.0.retain(|_, waiting| !waiting.step.is_expired(now) && !waiting.outcome.is_closed());
        if pending.0.len() >= MOST {
            return Err(ConnectionError::TooMany);
        }
        pending.0.insert(waiting.step.key(), waiting);
        Ok(())
    }

    /// Takes the sign-in out. Of any number of responses with one `state`, one gets it.
    fn take(&self, key: StateKey) -> Option<Waiting> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).0.remove(&key)
    }

    async fn receive(self: &Arc<Self>, path: &str, query: &str) -> SignInPage {
        let (Ok(path), Ok(callback)) = (path.parse::<ProviderName>(), UnverifiedCallback::parse(query))
        else {
            return refused(CallbackError::Malformed);
        };
        let Ok(Some(waiting)) = callback.state_key().map(|key| self.take(key)) else {
            return refused(CallbackError::UnknownState);
        };
        let Waiting { step, file, renewed, outcome } = waiting;
        let code = match step.receive(callback, &path, self.now()) {
            Ok(code) => code,
            Err(error) => {
                let _ = outcome.send(Err(error.into()));
                return refused(error);
            }
        };
        let saved = self.finish(&file, code, renewed).await;
        let page = if saved.is_ok() { SignInPage::Connected } else { SignInPage::Failed };
        if let Err(error) = &saved {
            tracing::warn!(provider = %path, %error, "a sign-in failed after the person allowed it");
        }
        let _ = outcome.send(saved);
        page
    }

    /// The exchange, and the save. The page says success only after both.
    async fn finish(
        &self,
        file: &ProviderFile,
        code: AuthorizedCode,
        renewed: Option<ConnectionId>,
    ) -> Outcome {
        let oauth = oauth(file)?;
        let reply = self.redeem(&code, oauth).await?;
        let AuthorizedCode { provider, client_id, scopes: asked, config, metadata, redirect_uri, .. } = code;
        let now = self.now();
        let mut tokens = Tokens::granted(reply, &asked, now);
        let told = std::mem::replace(&mut tokens.metadata, metadata);
        tokens.metadata.extend(told);
        let missing = asked.missing_from(&tokens.scopes);
        if !missing.is_empty() {
            tracing::warn!(%provider, %missing, "the provider granted less than was asked for");
        }
        let token_endpoint = token_endpoint(oauth, &config, &tokens.metadata)?;
        let id = renewed.clone().unwrap_or_else(|| ConnectionId::from_entropy(self.entropy.bytes()));
        let record = ConnectionRecord {
            id,
            account: None,
            label: None,
            previous: None,
            failure: None,
            kind: ConnectionKind::Oauth,
            state: ConnectionState::Active,
            created_at: now,
            refreshed_at: None,
            generation: 0,
            provider,
            client_id,
            token_endpoint,
            redirect_uri: Some(redirect_uri.as_str().to_owned()),
            asked,
            config,
            tokens,
        };
        let saved = if renewed.is_some() {
            self.renew(record).await?
        } else {
            self.vault.add_connection(&record).await?;
            tracing::info!(connection = %record.id, provider = %record.provider, "connected");
            record
        };
        let id = saved.id.clone();
        self.news.tell(&id);
        // Only once the tokens are safe: what fails from here on costs a name, and no sign-in.
        self.name_account(file, saved).await;
        Ok(id)
    }

    /// Redeems the code. Where the reply is lost between proxy and app, the proxy is asked once more: the code is spent by then, and the
    /// proxy keeps its reply for this key.
    async fn redeem(&self, code: &AuthorizedCode, oauth: &OAuth) -> Result<TokenReply, ProxyError> {
        let key = IdempotencyKey::from_entropy(self.entropy.bytes());
        match self.proxy.exchange(code, &oauth.callback, &key).await {
            Err(ProxyError::NoReply) => {
                tracing::warn!(provider = %code.provider, "the reply to a sign-in was lost; asking for it again");
                self.proxy.exchange(code, &oauth.callback, &key).await
            }
            result => result,
        }
    }

    /// What a new sign-in may take the place of: a grant of the same provider, whose end the person has not ordered. The tokens of one
    /// that waits for its revocation must not be lost before it.
    pub(super) async fn renewable(
        &self,
        id: &ConnectionId,
        provider: &ProviderName,
    ) -> Result<ConnectionRecord, ConnectionError> {
        let record = self.vault.connection(id).await?;
        record
            .filter(|old| old.provider == *provider && old.state != ConnectionState::RevocationPending)
            .ok_or_else(|| ConnectionError::Unknown(id.clone()))
    }

    /// A new sign-in for a connection that servers already use.
    pub(super) async fn renew(&self, new: ConnectionRecord) -> Result<ConnectionRecord, ConnectionError> {
        let held = self.turn(&new.id).await?;
        // Its own tokens are about to be replaced, so that what the vault can't take of them is no loss.
        let settled = self.settle(&held, &new.id).await;
        drop(settled);
        let old = self.renewable(&new.id, &new.provider).await?;
        let (id, at) = (new.id.clone(), new.created_at);
        let event = (Some(Event::ConnectedAgain), at);
        let expected = Expected::Generation(old.generation);
        let record = self.vault.change_connection(&id, expected, event, move |old| ConnectionRecord {
            account: old.account,
            label: old.label,
            created_at: old.created_at,
            refreshed_at: Some(at),
            ..new
        });
        let record = record.await?;
        self.unsaved.forget(&id);
        held.turn.clear().await;
        tracing::info!(connection = %record.id, provider = %record.provider, "connected again");
        Ok(record)
    }
}

/// The hosts that the proxy sends the provider's secret to, as far as it tells.
fn hosts(file: &ProviderFile, oauth: &OAuth, listed: Option<&[String]>) -> Destinations {
    let listed = listed.unwrap_or_default().iter().filter_map(|host| HostPattern::listed(host));
    Destinations::new(file, oauth, listed.collect())
}

/// Refuses a host that the proxy would refuse, before the person is asked for anything. A proxy that tells no hosts is asked in vain
/// later; but into the own network nobody is led on a value's word alone.
fn allowed(
    oauth: &OAuth,
    config: &Facts,
    hosts: &Destinations,
    told: bool,
) -> Result<(), (String, RefusedHost)> {
    let endpoint = &oauth.token.endpoint;
    let values = Values { config: Some(config), ..Values::default() };
    // An endpoint in which the redirect's facts stand as well is for the proxy to judge.
    let Ok(resolved) = endpoint.resolve(&values) else { return Ok(()) };
    match hosts.check(&resolved) {
        Err(refused) if endpoint.fixed().is_none() && (told || refused == RefusedHost::OwnNetwork) => {
            Err((resolved.url().host_str().unwrap_or_default().to_owned(), refused))
        }
        _ => Ok(()),
    }
}

/// The authorization code flow of a provider.
pub(super) fn oauth(file: &ProviderFile) -> Result<&OAuth, ConnectionError> {
    file.oauth().ok_or_else(|| ConnectionError::NotOAuth(file.name.clone()))
}

/// The token endpoint that a grant belongs to, with its own values in place.
pub(super) fn token_endpoint(
    oauth: &OAuth,
    config: &Facts,
    metadata: &Facts,
) -> Result<String, ConnectionError> {
    let values = Values { config: Some(config), metadata: Some(metadata), ..Values::default() };
    let endpoint = oauth.token.endpoint.resolve(&values);
    let endpoint = endpoint.map_err(|error| ConnectionError::AuthorizationUrl(error.to_string()))?;
    Ok(endpoint.as_str().to_owned())
}

/// What to do about a value that is missing or wrong, in the provider file's own words.
pub(super) fn config_hint(file: &ProviderFile, error: &InvalidConfig) -> String {
    let (InvalidConfig::Unknown(name)
    | InvalidConfig::Missing(name)
    | InvalidConfig::Pattern(name)
    | InvalidConfig::Text(name)) = error;
    let Some(field) = file.config.get(name) else {
        let known: Vec<_> = file.config.keys().map(FactName::as_str).collect();
        return match known.as_slice() {
            [] => format!("{} asks for nothing", file.display_name),
            known => format!("{} asks for: {}", file.display_name, known.join(", ")),
        };
    };
    let description = field.description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
    let form = field
        .pattern
        .as_ref()
        .map(|pattern| format!(", of the form {}", pattern.as_str()))
        .unwrap_or_default();
    format!("give {} with --config {name}=…{form}{description}", field.title)
}

fn refused(error: CallbackError) -> SignInPage {
    tracing::warn!(%error, "a response to a sign-in was refused");
    match error {
        CallbackError::Refused(ErrorCode::AccessDenied) => SignInPage::Denied,
        CallbackError::Refused(_) | CallbackError::Ambiguous => SignInPage::Refused,
        CallbackError::Expired => SignInPage::Expired,
        _ => SignInPage::Unknown,
    }
}

impl SignIn {
    /// The page at which the person allows or denies.
    #[must_use]
    pub fn url(&self) -> &AuthorizationUrl {
        &self.url
    }

    /// Waits until the person has decided and the tokens are saved.
    ///
    /// # Errors
    /// [`ConnectionError`] with why there is no connection.
    pub async fn wait(mut self) -> Outcome {
        let limit = keyferry_core::flow::callback::SIGN_IN_LIFE.unsigned_abs();
        match tokio::time::timeout(limit, &mut self.outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ConnectionError::Closing),
            Err(_) => Err(ConnectionError::TimedOut),
        }
    }
}

/// Nobody waits any more: a response that still comes finds nothing.
impl Drop for SignIn {
    fn drop(&mut self) {
        self.connections.0.take(self.key);
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SignIn").field("url", &self.url).finish_non_exhaustive()
    }
}
