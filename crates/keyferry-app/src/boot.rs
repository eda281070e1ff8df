//! From settings to an app that serves, and back.

use std::{ffi::OsString, fmt, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api::{self, Guard, serve},
    browser::{Chromium, ChromiumConfig, Profiles},
    catalog::{self, Catalog},
    clients::{self, Clients},
    clock::Clock,
    connections::{self, Connections, Opener, ProxyClient},
    engine::{Engine, Turns},
    entropy::Entropy,
    events::{self, Events},
    gateway::{self, Gateway},
    home::{Announcement, ApiToken, AppLock, DataFolder, HomeError},
    install::{self, AtHand, Backoff, Challenges, Deliveries, Registry},
    places::{self, Places},
    providers::{self, Providers},
    runtime::{BaseImage, Containers, ContainersConfig, Limits, Servers, ServersConfig, WatchdogCommand},
    settings::{self, Settings},
    sign_ins::{Needs, SignIns, Windows},
    vault::{Passphrases, Vault, VaultError},
};

/// Requests that wait for news at once. Each holds a connection of the listener, and others must find one.
const MOST_WAITING: usize = 64;

/// What the installs and starts under way may take to end at a shutdown; what is left then is dropped.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// What exchanges with a provider may take to end at a shutdown. Above the proxy client's own limit, so that it is hardly ever met.
const FINISH_LIMIT: Duration = Duration::from_secs(20);

/// What the app needs of the world, and how this start differs from that of `keyferry app`.
#[derive(Debug)]
pub struct Parts {
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub entropy: Entropy,
    /// What opens the system browser.
    pub opener: Opener,
    /// Whom to ask for the vault's passphrase.
    pub passphrases: Passphrases,
    /// The program that a manifest's command `keyferry` means.
    pub this_program: PathBuf,
    /// The environment of which servers inherit a little.
    pub environment: Vec<(OsString, OsString)>,
    /// What ends the servers of an app that was killed.
    pub watchdog: Option<WatchdogCommand>,
    /// Whether a command boots the app for itself: then any free port will do, no servers are started by themselves, and nobody
    /// else is told where it listens, for it may end with the next line that the command prints.
    pub alone: bool,
}

/// Why the app did not start.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The data folder can't be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The vault can't be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Another program listens there.
    #[error("{0} is taken by another program")]
    PortTaken(SocketAddr),
    /// A client for HTTP can't be made.
    #[error("a client for HTTP can't be made: {0}")]
    Client(String),
    /// The address can't be listened on.
    #[error("{address} can't be listened on: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl BootError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Home(error) => error.code(),
            Self::Vault(_) => "vault_unusable",
            Self::PortTaken(_) => "port_taken",
            Self::Client(_) => "client_unusable",
            Self::Bind { .. } => "bind_failed",
        }
    }

    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Home(error) => error.hint(),
            Self::Vault(error) => error.hint().to_owned(),
            Self::Client(_) => "check that the system's root certificates are installed".to_owned(),
            Self::PortTaken(address) => {
                let other = SocketAddr::new(address.ip(), address.port().checked_add(10).unwrap_or(7_677));
                format!("end that program, or take another port: --listen {other}")
            }
            Self::Bind { .. } => "take another address: --listen 127.0.0.1:7667".to_owned(),
        }
    }
}

/// An app that serves.
///
/// Dropped without [`App::shutdown`], it goes on serving until its runtime ends.
pub struct App {
    engine: Arc<Engine>,
    token: ApiToken,
    serving: JoinHandle<()>,
    // Freed last: until then no other app may own the data folder.
    lock: AppLock,
}

/// Starts the app: its data folder, its vault, its providers and catalog, its servers, its local API.
///
/// # Errors
/// [`BootError`], when one of these can't be had. Broken provider files and manifests are reported and stop nothing.
pub async fn boot(settings: Settings, parts: Parts) -> Result<App, BootError> {
    let folder = DataFolder::prepare(&settings.data_folder)?;
    let lock = AppLock::take(&folder)?;
    Announcement::withdraw(&folder)?;
    let token = ApiToken::open_or_create(&folder, parts.entropy.bytes())?;
    let vault = open_vault(&settings, &folder, &parts).await?;
    let providers = Providers::load(&folder.providers(), &settings.provider_folders);
    let catalog = catalog(&settings, &folder)?;
    let listener = listen(settings.listen, parts.alone).await?;
    let address =
        listener.local_addr().map_err(|source| BootError::Bind { address: settings.listen, source })?;

    let alone = parts.alone;
    let engine = Arc::new(assemble(Opened { settings, folder, vault, providers, catalog, address }, parts)?);
    let (clients, sessions) = (engine.clients.tokens(), Arc::clone(&engine.sessions));
    let guard = Guard::new(address.port(), token.clone(), clients, sessions);
    let router = api::router(Arc::clone(&engine), guard);
    let serving = tokio::spawn(serve::serve(listener, router, engine.ending.clone()));
    if engine.containers.were_used() {
        engine.tasks.spawn(remove_orphans(Arc::clone(&engine)));
    }
    engine.tasks.spawn(events::gather(Arc::clone(&engine)));
    engine.tasks.spawn(gateway::sweep(Arc::clone(&engine)));
    engine.tasks.spawn(install::stop_idle(Arc::clone(&engine)));
    if !alone {
        Announcement::of_this_process(address).publish(&engine.folder)?;
        engine.tasks.spawn(install::running::start_wanted(Arc::clone(&engine)));
        engine.tasks.spawn(keep_up(Arc::clone(&engine)));
        engine.tasks.spawn(install::keep_rotating(Arc::clone(&engine)));
        let (connections, ending) = (engine.connections.clone(), engine.ending.clone());
        engine.tasks.spawn(async move { connections.keep_fresh(ending).await });
        let (connections, ending) = (engine.connections.clone(), engine.ending.clone());
        engine.tasks.spawn(async move { connections.keep_looking(ending).await });
    }
    tracing::info!(%address, folder = %engine.folder.path().display(), "the app is ready");
    Ok(App { engine, token, serving, lock })
}

/// Opens the vault on a thread of its own: its key may be asked of a keychain or a person.
async fn open_vault(settings: &Settings, folder: &DataFolder, parts: &Parts) -> Result<Vault, VaultError> {
    let access = settings.key_access(parts.passphrases.clone());
    let (folder, entropy) = (folder.clone(), parts.entropy.clone());
    let opened = tokio::task::spawn_blocking(move || Vault::open(&folder, &access, &entropy));
    opened.await.map_err(|_| VaultError::Interrupted)?
}

/// What boot has opened so far.
struct Opened {
    settings: Settings,
    folder: DataFolder,
    vault: Vault,
    providers: Providers,
    catalog: Catalog,
    address: SocketAddr,
}

fn assemble(opened: Opened, parts: Parts) -> Result<Engine, BootError> {
    let Opened { settings, folder, vault, providers, catalog, address } = opened;
    let providers = Arc::new(providers);
    let connections = Connections::new(connections::Parts {
        vault: vault.clone(),
        proxy: ProxyClient::new(settings.proxy_url.clone(), settings.proxy_access_key.clone())
            .map_err(|error| BootError::Client(error.to_string()))?,
        providers: Arc::clone(&providers),
        clock: parts.clock.clone(),
        entropy: parts.entropy.clone(),
        address,
    });
    let clients = clients(&settings, &folder, &parts);
    let (initialize, call) = (settings.server_start_limit, settings.server_call_limit);
    let clock = parts.clock.clone();
    let (tasks, ending) = (TaskTracker::new(), CancellationToken::new());
    let windows = Windows::new(Needs {
        browsers: Arc::new(Chromium::new(ChromiumConfig {
            command: settings.browser_command.clone(),
            environment: parts.environment.clone(),
            watchdog: parts.watchdog.clone(),
        })),
        profiles: Profiles::new(folder.browser()),
        connections: connections.clone(),
        entropy: parts.entropy.clone(),
        tasks: tasks.clone(),
        ending: ending.clone(),
    });
    if let Err(error) = windows.profiles().sweep() {
        tracing::error!(%error, "what a killed app left of a browser could not be removed");
    }
    let containers = Containers::new(ContainersConfig {
        environment: parts.environment.clone(),
        data_folder: folder.path().to_owned(),
        base_image: BaseImage::of(settings.containers_base_image.clone()),
        entropy: parts.entropy.clone(),
    });
    let servers = Servers::new(ServersConfig {
        this_program: parts.this_program,
        log_folder: folder.logs(),
        watchdog: parts.watchdog,
        containers: Some(containers.clone()),
        limits: Limits { initialize, call, ..Limits::default() },
        now: Arc::new(move || clock.now()),
        parent_environment: parts.environment.clone(),
    });
    Ok(Engine {
        events: Events::new(parts.entropy.bytes()),
        started_at: parts.clock.now(),
        clock: parts.clock,
        entropy: parts.entropy,
        opener: parts.opener,
        places: Places::of(&parts.environment),
        deliveries: Deliveries::default(),
        at_hand: AtHand::default(),
        challenges: Challenges::default(),
        clients: Arc::new(clients),
        gateway: Gateway::default(),
        backoff: Backoff::of("its start failed"),
        renewals: Backoff::of("it could not be given its new tokens"),
        installs: Registry::default(),
        sign_ins: SignIns::default(),
        sessions: Arc::default(),
        turns: Turns::default(),
        givers: Turns::default(),
        waiting: Semaphore::new(MOST_WAITING),
        tasks,
        ending,
        windows,
        settings,
        folder,
        address,
        vault,
        providers,
        catalog,
        editing: tokio::sync::Mutex::default(),
        connections,
        servers,
        containers,
    })
}

fn catalog(settings: &Settings, folder: &DataFolder) -> Result<Catalog, BootError> {
    let sources = settings.catalog_sources.clone();
    let parts = catalog::Parts { own: folder.catalog(), fetched: folder.fetched(), sources };
    Catalog::load(parts).map_err(|error| BootError::Client(error.to_string()))
}

fn clients(settings: &Settings, folder: &DataFolder, parts: &Parts) -> Clients {
    let variable = |wanted: &str| {
        let found = parts.environment.iter().find(|(name, _)| name == wanted);
        found.and_then(|(_, value)| value.to_str()).map(str::to_owned)
    };
    let usual = settings::is_usual(&settings.data_folder, &variable);
    Clients::open(clients::Parts {
        folder: folder.clients(),
        data_folder: (!usual).then(|| settings.data_folder.clone()),
        program: parts.this_program.clone(),
        environment: parts.environment.clone(),
        platform: places::platform(),
        clock: parts.clock.clone(),
        entropy: parts.entropy.clone(),
    })
}

/// Containers that an app before this one left. Their servers are none any more.
async fn remove_orphans(engine: Arc<Engine>) {
    tokio::select! {
        found = engine.containers.engine() => if let Err(error) = found {
            tracing::warn!(%error, "containers of before, if there are any, stay");
        },
        () = engine.ending.cancelled() => {}
    }
}

/// Changes of provider files, what the proxy comes to know, and lists of manifests at URLs.
async fn keep_up(engine: Arc<Engine>) {
    let files = Arc::clone(&engine.providers).keep_up();
    tokio::select! {
        ((), (), ()) = async { tokio::join!(files, providers::keep_learning(&engine), catalog::keep_up(&engine)) } => {}
        () = engine.ending.cancelled() => {}
    }
}

async fn listen(address: SocketAddr, any_port: bool) -> Result<TcpListener, BootError> {
    serve::bind(address, any_port).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BootError::PortTaken(address),
        _ => BootError::Bind { address, source },
    })
}

impl App {
    /// Where the local API listens, with the port really bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.engine.address
    }

    /// The bearer token of the local API.
    #[must_use]
    pub fn api_token(&self) -> &ApiToken {
        &self.token
    }

    /// Ends the app: no new requests, installs undone, servers stopped, requests and exchanges under way finished, each within
    /// a limit. Then the data folder is free for the next.
    pub async fn shutdown(self) {
        let Self { engine, serving, lock, .. } = self;
        if let Err(error) = Announcement::withdraw(&engine.folder) {
            tracing::warn!(%error, "app.json could not be removed");
        }
        engine.installs.cancel_all();
        engine.ending.cancel();
        engine.tasks.close();
        if timeout(STOP_LIMIT, engine.tasks.wait()).await.is_err() {
            tracing::warn!("an install could not be undone in time");
        }
        engine.servers.shutdown_all().await;
        if serving.await.is_err() {
            tracing::error!("the listener ended badly");
        }
        if timeout(FINISH_LIMIT, engine.connections.finish()).await.is_err() {
            tracing::error!(
                "an exchange with a provider was cut off; its account may have to be signed in to again"
            );
        }
        tracing::info!("the app has ended");
        drop(lock);
    }
}

impl fmt::Debug for App {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("App").field("address", &self.engine.address).finish_non_exhaustive()
    }
}
