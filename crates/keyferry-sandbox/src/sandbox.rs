//! Starting a sandbox, watching it, and stopping it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    authorize::pending::PendingConsents,
    client::Client,
    config::SandboxConfig,
    counters::{Counters, Counts},
    faults::Faults,
    grants::{Grants, Lifetimes, TokenUse},
    ledger::Ledger,
    mint::{Kind, Mint},
    notes::store::Notes,
    recorder::{RecordedRequest, Recorder},
    routes,
    secret::SandboxSecret,
    server,
    state::SandboxState,
};

/// The provider file `sandbox` as it ships; its addresses begin with [`SHIPPED_BASE_URL`].
const PROVIDER_FILE: &str = include_str!("../../../providers/sandbox.toml");
const SHIPPED_BASE_URL: &str = "http://127.0.0.1:7668";

/// How long [`Sandbox::shutdown`] waits for requests in flight.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

/// A running sandbox. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Sandbox {
    state: Arc<SandboxState>,
    ledger: Arc<Ledger>,
    client_secret: SandboxSecret,
    control_key: SandboxSecret,
    server: JoinHandle<()>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

/// The registered client's id and secret.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SandboxSecret,
}

// === impl Sandbox ===

impl Sandbox {
    /// Binds the address and serves until [`Sandbox::shutdown`] or drop.
    ///
    /// # Errors
    /// When the address is not loopback or taken, the ledger file can't be opened, or the system gives no
    /// randomness.
    pub async fn start(config: SandboxConfig) -> io::Result<Self> {
        if !config.listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "the sandbox lets anyone in, so it listens on loopback only, not on {}",
                    config.listen
                ),
            ));
        }
        let ledger = Arc::new(Ledger::open(config.ledger_file.as_deref())?);
        let mint = Mint::new(Arc::clone(&ledger));
        let client_secret = match config.client_secret.clone() {
            Some(secret) => mint.adopt(&secret).map(|()| secret)?,
            None => mint.make(Kind::ClientSecret)?,
        };
        let control_key = mint.make(Kind::ControlKey)?;
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(assemble(&config, mint, address, &client_secret, &control_key));
        let stop = CancellationToken::new();
        let router = routes::router(Arc::clone(&state));
        let connections = config.limits.connections;
        let server =
            tokio::spawn(server::serve(listener, router, stop.clone(), connections, SHUTDOWN_PATIENCE));
        let stop_on_drop = stop.clone().drop_guard();
        Ok(Self { state, ledger, client_secret, control_key, server, stop, _stop_on_drop: stop_on_drop })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.state.address
    }

    /// `http://HOST:PORT`, without a slash at the end. It is the issuer identifier (RFC 8414 §2).
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.state.base_url
    }

    /// The notes API's base: `/notes` and `/me` follow.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/api", self.state.base_url)
    }

    /// The shipped provider file with this sandbox's address in it.
    #[must_use]
    pub fn provider_file(&self) -> String {
        PROVIDER_FILE.replace(SHIPPED_BASE_URL, &self.state.base_url)
    }

    /// The registered client's id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.state.client.id()
    }

    /// The registered client's secret.
    #[must_use]
    pub fn client_secret(&self) -> &SandboxSecret {
        &self.client_secret
    }

    /// Id and secret together.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials { client_id: self.client_id().to_owned(), client_secret: self.client_secret.clone() }
    }

    /// The key that `/control/…` asks for, as a bearer token.
    #[must_use]
    pub fn control_key(&self) -> &SandboxSecret {
        &self.control_key
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// What has happened so far.
    #[must_use]
    pub fn counters(&self) -> Counts {
        self.state.counters.snapshot()
    }

    /// The last token requests, oldest first; at most [`Limits::recorded_requests`](crate::Limits).
    #[must_use]
    pub fn recorded_token_requests(&self) -> Vec<RecordedRequest> {
        self.state.recorder.requests()
    }

    /// When each access token was issued and used, in the order of their issue. What has expired may be forgotten.
    #[must_use]
    pub fn access_token_uses(&self) -> Vec<TokenUse> {
        self.state.grants.uses()
    }

    /// Every secret issued, oldest first: client secret, control key, consent ids, codes and tokens.
    ///
    /// Memory keeps the last 200 000; the ledger file keeps all.
    #[must_use]
    pub fn ledger(&self) -> Vec<String> {
        self.ledger.expose_all()
    }

    /// Stops accepting, lets requests in flight finish for up to five seconds, and ends.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the sandbox's server task failed");
        }
    }
}

fn assemble(
    config: &SandboxConfig,
    mint: Mint,
    address: SocketAddr,
    client_secret: &SandboxSecret,
    control_key: &SandboxSecret,
) -> SandboxState {
    let counters = Arc::new(Counters::default());
    let lifetimes = Lifetimes {
        code: config.code_lifetime,
        access_token: config.access_token_lifetime,
        refresh_token: config.refresh_token_lifetime,
    };
    let redirects = config.redirect_uris.clone();
    SandboxState {
        address,
        base_url: format!("http://{address}"),
        client: Client::new(config.client_id.clone(), "Keyferry".to_owned(), client_secret, redirects),
        clock: config.clock.clone(),
        pending: PendingConsents::new(config.limits.pending_consents),
        grants: Grants::new(
            mint.clone(),
            config.clock.clone(),
            lifetimes,
            config.rotation,
            &config.limits,
            Arc::clone(&counters),
        ),
        notes: Notes::new(config.limits.notes),
        faults: Faults::default(),
        counters,
        recorder: Recorder::new(config.limits.recorded_requests),
        control_key: control_key.fingerprint(),
        mint,
    }
}
