//! One person's grants: made by a sign-in, kept fresh, ended by a revocation.
//!
//! [`Connections`] is the one owner of refresh tokens. Each is spent under the connection's own turn, and what the provider returned is
//! durable before anything uses it. When it is due is said by [`keyferry_core::refresh`] alone.

mod account;
mod browser;
mod error;
mod health;
mod keeper;
mod proxy;
mod refresh;
mod rests;
mod revoke;
mod sign_in;
mod standing;
mod turns;
mod unsaved;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use keyferry_core::{
    flow::Tokens,
    id::{ConnectionId, ProviderName},
    label::Label,
    provider::ProviderFile,
    scope::Scopes,
};

pub use browser::{Opener, open_in_browser};
pub use error::{ConnectionError, Grant};
pub use health::{Health, HealthWord};
pub use proxy::{About, ListedProvider, ProviderFacts, ProxyClient, ProxyError};
pub use revoke::Revocation;
pub use sign_in::{SignIn, SignInRequest};

use crate::{
    clock::Clock,
    entropy::Entropy,
    providers::Providers,
    vault::{ConnectionRecord, Vault, VaultError},
};
use keeper::News;
use rests::Rests;
use sign_in::Pending;
use tokio_util::task::TaskTracker;
use turns::Turns;
use unsaved::Unsaved;

/// The connections of one person.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    vault: Vault,
    proxy: ProxyClient,
    providers: Arc<Providers>,
    clock: Clock,
    entropy: Entropy,
    address: SocketAddr,
    pending: Mutex<Pending>,
    turns: Turns,
    unsaved: Unsaved,
    rests: Rests,
    news: News,
    /// Exchanges, refreshes and revocations under way: each runs to its end, whoever asked for it.
    tasks: TaskTracker,
}

/// What connections are made of.
#[derive(Debug)]
pub struct Parts {
    /// Where they are kept.
    pub vault: Vault,
    /// The way to the proxy.
    pub proxy: ProxyClient,
    /// The provider files.
    pub providers: Arc<Providers>,
    /// The time.
    pub clock: Clock,
    /// Randomness for `state` and verifiers.
    pub entropy: Entropy,
    /// The address that redirects come to.
    pub address: SocketAddr,
}

/// Tokens that can be used now, and whose they are.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The connection.
    pub connection: ConnectionRecord,
    /// Until when nothing has to be looked at anew; none where nothing is ever due by itself. Of a token that was only just had, or that
    /// is given for want of a better one, a time that has passed.
    pub(crate) due: Option<Timestamp>,
}

/// Every connection, and why some can't be read. A damaged one hides no other.
#[derive(Debug, Default)]
pub struct Listed {
    /// Those that can be read, oldest first.
    pub readable: Vec<ConnectionRecord>,
    /// What is wrong with the others.
    pub damaged: Vec<VaultError>,
}

impl Fresh {
    /// One that is not to be relied on again without another look.
    fn to_be_looked_at(connection: ConnectionRecord) -> Self {
        Self { connection, due: Some(Timestamp::MIN) }
    }

    /// The tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.connection.tokens
    }
}

impl Connections {
    /// The connections that a vault holds.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { vault, proxy, providers, clock, entropy, address } = parts;
        Self(Arc::new(Inner {
            vault,
            proxy,
            providers,
            clock,
            entropy,
            address,
            pending: Mutex::default(),
            turns: Turns::default(),
            unsaved: Unsaved::default(),
            rests: Rests::default(),
            news: News::default(),
            tasks: TaskTracker::new(),
        }))
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// [`ConnectionError::Vault`].
    pub async fn list(&self) -> Result<Listed, ConnectionError> {
        let mut listed = Listed::default();
        for connection in self.0.vault.connections().await? {
            match connection {
                Ok(connection) => listed.readable.push(connection),
                Err(error) => {
                    tracing::error!(%error, hint = error.hint(), "a connection can't be read");
                    listed.damaged.push(error);
                }
            }
        }
        Ok(listed)
    }

    /// The provider of a connection, which may be damaged.
    ///
    /// # Errors
    /// [`ConnectionError::Unknown`].
    pub async fn provider_of(&self, id: &ConnectionId) -> Result<ProviderName, ConnectionError> {
        self.0.vault.provider_of(id).await?.ok_or_else(|| ConnectionError::Unknown(id.clone()))
    }

    /// One of them.
    ///
    /// # Errors
    /// [`ConnectionError::Unknown`].
    pub async fn get(&self, id: &ConnectionId) -> Result<ConnectionRecord, ConnectionError> {
        self.0.vault.connection(id).await?.ok_or_else(|| ConnectionError::Unknown(id.clone()))
    }

    /// Waits until what is under way has come to its end, and saves what could not be saved before: a token that a provider has just
    /// rotated must not be lost because the program ends. To be called when nothing new comes in; bounded by the proxy's time limit.
    pub async fn finish(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        for id in self.0.unsaved.ids() {
            if let Err(error) = self.0.save_what_waits(&id).await {
                tracing::error!(connection = %id, %error, "refreshed tokens could not be saved");
            }
        }
    }

    /// Whether a connection is one that a sign-in by this provider file and for these further scopes would make: at the same token
    /// endpoint, asked for all of them.
    #[must_use]
    pub(crate) fn is_of(&self, record: &ConnectionRecord, file: &ProviderFile, scopes: &Scopes) -> bool {
        let needed = file.oauth().map(|oauth| oauth.authorization.scopes.with(scopes));
        self.0.same_service(record).is_ok()
            && needed.is_some_and(|needed| needed.missing_from(&record.asked).is_empty())
    }

    /// Gives a connection the name that the person calls it by, or takes it away. Its tokens stay what they are.
    ///
    /// # Errors
    /// [`ConnectionError::Unknown`].
    pub async fn relabel(&self, id: &ConnectionId, label: Option<Label>) -> Result<(), ConnectionError> {
        match self.0.vault.relabel_connection(id, label, self.0.now()).await {
            Err(VaultError::Changed) => Err(ConnectionError::Unknown(id.clone())),
            relabelled => Ok(relabelled?),
        }
    }

    /// The way to the proxy.
    #[must_use]
    pub fn proxy(&self) -> &ProxyClient {
        &self.0.proxy
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Connections")
    }
}
