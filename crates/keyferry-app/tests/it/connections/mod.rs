//! Sign-in, refresh and revocation, against the real provider through the real proxy.

mod account;
#[cfg(unix)]
mod damaged;
mod keeper;
mod lost_reply;
mod proxy;
mod refresh;
mod revoke;
mod sign_in;
mod unsaved;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use keyferry_app::{
    clock::Clock,
    connections::{ConnectionError, Connections, Parts, ProxyClient, SignIn, SignInRequest},
    entropy::Entropy,
    home::DataFolder,
    pages::SignInPage,
    providers::Providers,
    vault::{ConnectionRecord, KeyAccess, Vault},
};
use keyferry_core::{id::ConnectionId, secret::SecretText, url::Endpoint};
use keyferry_proxy::{Proxy, ProxyConfig};
use keyferry_sandbox::{Sandbox, SandboxConfig, consent};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Provider, proxy and connections, with a clock that a test moves.
struct World {
    sandbox: Sandbox,
    connections: Connections,
    vault: Vault,
    passed: Arc<AtomicI64>,
    start: Timestamp,
    proxy: JoinHandle<()>,
    address: SocketAddr,
    folder: TempDir,
}

/// A clock that stands still but for the seconds that a test lets pass.
fn clock(passed: Arc<AtomicI64>, start: Timestamp) -> Clock {
    Clock::new(move || start.checked_add(SignedDuration::from_secs(passed.load(Ordering::SeqCst))).unwrap())
}

impl World {
    async fn start() -> Self {
        Self::start_with(SandboxConfig::default()).await
    }

    async fn start_with(config: SandboxConfig) -> Self {
        Self::start_keyed(config, None, None).await
    }

    /// A world whose proxy wants an access key, and whose app has one, or none.
    async fn start_keyed(config: SandboxConfig, wanted: Option<&str>, had: Option<&str>) -> Self {
        Self::start_of(config, (wanted, had), |text| text).await
    }

    /// A world whose provider file is another one, on both sides.
    async fn start_of(
        config: SandboxConfig,
        (wanted, had): (Option<&str>, Option<&str>),
        file: impl FnOnce(String) -> String,
    ) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("providers");
        fs::create_dir(&files).unwrap();
        fs::write(files.join("sandbox.toml"), file(sandbox.provider_file())).unwrap();
        let providers = Arc::new(Providers::load(&files, &[]));
        let (proxy, address) = proxy(&sandbox, &providers, wanted).await;

        let data = DataFolder::prepare(&folder.path().join("data")).unwrap();
        let vault = Vault::open(&data, &KeyAccess::to_files(), &Entropy::system()).unwrap();
        let passed = Arc::new(AtomicI64::new(0));
        let start = Clock::system().now();
        let clock = clock(passed.clone(), start);
        let key = had.map(|key| SecretText::new(key).unwrap());
        let connections = Connections::new(Parts {
            vault: vault.clone(),
            proxy: ProxyClient::new(Endpoint::parse(&format!("http://{address}")).unwrap(), key).unwrap(),
            providers,
            clock,
            entropy: Entropy::system(),
            address: "127.0.0.1:7667".parse().unwrap(),
        });
        Self { sandbox, connections, vault, passed, start, proxy, address, folder }
    }

    /// Connections as another process over the same data folder has them.
    fn another_process(&self) -> Connections {
        let (passed, start) = (self.passed.clone(), self.start);
        let data = DataFolder::prepare(&self.folder.path().join("data")).unwrap();
        Connections::new(Parts {
            vault: Vault::open(&data, &KeyAccess::to_files(), &Entropy::system()).unwrap(),
            proxy: self.connections.proxy().clone(),
            providers: Arc::new(Providers::load(&self.folder.path().join("providers"), &[])),
            clock: clock(passed, start),
            entropy: Entropy::system(),
            address: "127.0.0.1:7667".parse().unwrap(),
        })
    }

    /// Changes the vault behind the app's back.
    fn meddle(&self, statement: &str) {
        let database = rusqlite::Connection::open(self.folder.path().join("data/vault.db")).unwrap();
        database.execute_batch(statement).unwrap();
    }

    /// Connections over the same vault, whose provider file is another one.
    fn with_provider_file(&self, change: impl FnOnce(String) -> String) -> Connections {
        let files = self.folder.path().join("changed");
        fs::create_dir(&files).unwrap();
        fs::write(files.join("sandbox.toml"), change(self.sandbox.provider_file())).unwrap();
        let providers = Providers::load(&files, &[]);
        assert!(providers.now().problems().is_empty(), "{:?}", providers.now().problems());
        Connections::new(Parts {
            vault: self.vault.clone(),
            proxy: self.connections.proxy().clone(),
            providers: Arc::new(providers),
            clock: Clock::system(),
            entropy: Entropy::system(),
            address: "127.0.0.1:7667".parse().unwrap(),
        })
    }

    /// The world as an app sees it that reaches the proxy at another address.
    fn through(mut self, address: SocketAddr) -> Self {
        let files = self.folder.path().join("providers");
        self.connections = Connections::new(Parts {
            vault: self.vault.clone(),
            proxy: ProxyClient::new(Endpoint::parse(&format!("http://{address}")).unwrap(), None).unwrap(),
            providers: Arc::new(Providers::load(&files, &[])),
            clock: Clock::system(),
            entropy: Entropy::system(),
            address: "127.0.0.1:7667".parse().unwrap(),
        });
        self
    }

    /// Lets time pass for the app; the provider's own clock goes on as ever.
    fn pass(&self, seconds: i64) {
        self.passed.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn begin(&self) -> SignIn {
        self.connections.begin_sign_in(SignInRequest::new(&"sandbox".parse().unwrap())).await.unwrap()
    }

    /// The query that the provider sends back after Allow.
    async fn allowed(sign_in: &SignIn) -> String {
        query(consent::approve(sign_in.url().as_str()).await.unwrap().expose_url())
    }

    async fn receive(&self, query: &str) -> SignInPage {
        self.connections.receive("sandbox", query).await
    }

    /// A whole sign-in.
    async fn connect(&self) -> ConnectionId {
        let sign_in = self.begin().await;
        let query = Self::allowed(&sign_in).await;
        assert_eq!(self.receive(&query).await, SignInPage::Connected);
        sign_in.wait().await.unwrap()
    }

    async fn record(&self, id: &ConnectionId) -> ConnectionRecord {
        self.vault.connection(id).await.unwrap().unwrap()
    }

    /// Whether an access token works at the provider's API.
    async fn works(&self, token: &str) -> bool {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.get(format!("{}/me", self.sandbox.api_url())).bearer_auth(token);
        request.send().await.unwrap().status().is_success()
    }

    /// Ends the world, and checks that no secret of it lies readable in the data folder.
    async fn end(self) {
        let secrets = self.sandbox.ledger();
        assert!(!secrets.is_empty());
        drop((self.connections, self.vault));
        let data = self.folder.path().join("data");
        for path in [files(&data), files(&data.join("journal"))].concat() {
            let bytes = match fs::read(&path) {
                // SQLite takes its own files away when a refresh that nobody waited for has let go of the vault.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                read => read.unwrap(),
            };
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "a secret lies readable in {}", path.display());
            }
        }
        self.proxy.abort();
        self.sandbox.shutdown().await;
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

fn query(url: &str) -> String {
    url.split_once('?').unwrap().1.to_owned()
}

async fn proxy(sandbox: &Sandbox, providers: &Providers, key: Option<&str>) -> (JoinHandle<()>, SocketAddr) {
    let lookup = |name: &str| match name {
        "SANDBOX_CLIENT_ID" => Some(sandbox.client_id().to_owned()),
        "SANDBOX_CLIENT_SECRET" => Some(sandbox.client_secret().expose_secret().to_owned()),
        "KEYFERRY_PROXY_ACCESS_KEYS" => key.map(|key| format!("ada={key}")),
        "KEYFERRY_PROXY_LISTEN" => Some("127.0.0.1:0".to_owned()),
        _ => None,
    };
    let config = ProxyConfig::from_environment(Arc::new(providers.now().set().clone()), lookup).unwrap();
    let proxy = Proxy::bind(config).await.unwrap();
    let address = proxy.address();
    (tokio::spawn(proxy.serve(std::future::pending())), address)
}

fn needs_sign_in(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::NeedsSignIn(_))
}

fn is_ending(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::Ending(_))
}

/// A moment this far from now, by the clock that the app started with.
fn from_now(seconds: i64) -> Timestamp {
    Clock::system().now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}
