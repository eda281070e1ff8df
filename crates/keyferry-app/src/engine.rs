//! What a running app is made of. Handlers and installs share it; each part guards its own state.

use std::{collections::HashMap, hash::Hash, net::SocketAddr, sync::Arc};

use jiff::Timestamp;
use keyferry_core::id::{ConnectionId, ServerName};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api::{ApiError, dto::Problem},
    catalog::Catalog,
    clients::Clients,
    clock::Clock,
    connections::{Connections, Opener},
    entropy::Entropy,
    events::Events,
    gateway::Gateway,
    home::DataFolder,
    install::{Backoff, Challenges, Deliveries, Registry},
    places::Places,
    providers::Providers,
    runtime::{Containers, Servers},
    settings::Settings,
    sign_ins::SignIns,
    vault::{ServerHead, ServerRecord, Vault},
};

/// The parts of a running app.
pub(crate) struct Engine {
    pub(crate) settings: Settings,
    pub(crate) folder: DataFolder,
    /// The address really bound.
    pub(crate) address: SocketAddr,
    pub(crate) started_at: Timestamp,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) opener: Opener,
    pub(crate) places: Places,
    pub(crate) vault: Vault,
    pub(crate) providers: Arc<Providers>,
    pub(crate) catalog: Catalog,
    /// Who may change the settings file.
    pub(crate) editing: Mutex<()>,
    pub(crate) connections: Connections,
    pub(crate) servers: Servers,
    /// The way to a container engine, for servers that run in containers.
    pub(crate) containers: Containers,
    pub(crate) gateway: Gateway,
    /// When a server that failed may be started again.
    pub(crate) backoff: Backoff,
    /// Servers that run and could not be given newer tokens.
    pub(crate) renewals: Backoff,
    /// Which tokens the running servers were given.
    pub(crate) deliveries: Deliveries,
    /// Refreshes made because a server said that its token was dead.
    pub(crate) challenges: Challenges,
    /// MCP clients that use the gateway.
    pub(crate) clients: Arc<Clients>,
    pub(crate) installs: Registry,
    pub(crate) sign_ins: SignIns,
    /// What changes, for whoever shows it.
    pub(crate) events: Events,
    /// Who may start, replace or remove a server.
    pub(crate) turns: Turns<ServerName>,
    /// Who may decide whether a connection goes with its last server.
    pub(crate) givers: Turns<ConnectionId>,
    /// Places for requests that wait for news.
    pub(crate) waiting: Semaphore,
    /// Installs, and starts in the background.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the app begins to end: what waits is to give up.
    pub(crate) ending: CancellationToken,
}

impl Engine {
    /// An installed server, or the answer that there is none.
    pub(crate) async fn record(&self, name: &ServerName) -> Result<ServerRecord, ApiError> {
        if let Some(record) = self.vault.server(name).await? {
            return Ok(record);
        }
        Err(self.unknown_server(name).await?)
    }

    /// The head of an installed server, whose settings may be damaged; or the answer that there is none.
    pub(crate) async fn head(&self, name: &ServerName) -> Result<ServerHead, ApiError> {
        match self.vault.server_heads().await?.into_iter().find(|head| &head.name == name) {
            Some(head) => Ok(head),
            None => Err(self.unknown_server(name).await?),
        }
    }

    async fn unknown_server(&self, name: &ServerName) -> Result<ApiError, ApiError> {
        let installed = self.vault.server_heads().await?;
        let names = installed.iter().map(|head| head.name.as_str());
        let problem = Problem::new("unknown_server", format!("no server `{name}` is installed"));
        Ok(ApiError::not_found(match keyferry_core::suggest::nearest(name.as_str(), names) {
            Some(nearest) => problem.with_hint(format!("did you mean `{nearest}`?")),
            None => problem.with_hint("`keyferry list` shows what is installed"),
        }))
    }
}

/// One turn a thing of this kind. Of a server: its start, replacement and removal come one after the other, whoever asks.
#[derive(Debug)]
pub(crate) struct Turns<K>(Mutex<HashMap<K, Arc<Mutex<()>>>>);

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// Waits for the thing's turn, which ends when the guard is dropped.
    pub(crate) async fn of(&self, thing: &K) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().await;
            // A turn that nobody holds or awaits has no other owner than the map.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(thing.clone()).or_default())
        };
        turn.lock_owned().await
    }
}
