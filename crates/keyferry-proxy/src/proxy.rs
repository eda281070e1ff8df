//! Starting a proxy and serving until it is told to stop.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    net::{TcpListener, TcpSocket},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::ProxyConfig, routes::Routes, serve::serve, start_error::StartError, state::ProxyState,
    updates::ProviderUpdates,
};

/// Connections that wait to be accepted; the system may allow fewer. Beyond them it answers nobody, who then tries again after a second:
/// a burst of callers must fit, for as long as this process has to wait for the processor.
const BACKLOG: u32 = 4_096;

/// A proxy that has its address and waits to serve.
pub struct Proxy {
    state: Arc<ProxyState>,
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    services: Vec<(TcpListener, Routes)>,
}

// === impl Proxy ===

impl Proxy {
    /// Checks the configuration and takes the addresses.
    ///
    /// # Errors
    /// [`StartError`], which says what to do.
    #[expect(clippy::unused_async, reason = "a socket is of the runtime that it is made in")]
    pub async fn bind(config: ProxyConfig) -> Result<Self, StartError> {
        let listen = &config.listen;
        if !listen.address.ip().is_loopback() && config.access.is_empty() && !listen.open {
            return Err(StartError::Open { address: listen.address });
        }
        let state = Arc::new(ProxyState::new(&config)?);
        let listener = bind(listen.address)?;
        let address = address_of(&listener, listen.address)?;
        let metrics_beside = listen.metrics.is_none() && address.ip().is_loopback();
        let mut services = vec![(listener, Routes::api(Arc::clone(&state), metrics_beside))];
        let mut metrics_address = metrics_beside.then_some(address);
        if let Some(wanted) = listen.metrics {
            let listener = bind(wanted)?;
            metrics_address = Some(address_of(&listener, wanted)?);
            services.push((listener, Routes::metrics(Arc::clone(&state))));
        }
        announce(&config, &state, address);
        Ok(Self { state, address, metrics_address, services })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where `/metrics` is; none when it is off.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.state.tls.is_some()
    }

    /// What replaces its providers and secrets while it serves.
    #[must_use]
    pub fn updates(&self) -> ProviderUpdates {
        ProviderUpdates::new(Arc::clone(&self.state))
    }

    /// Serves until `shutdown` is done, and for [`Limits::drain`](crate::Limits) more. Then it takes no more connections, lets what is under way finish within
    /// [`Limits::shutdown`](crate::Limits), exchanges without a caller too, and cuts the rest.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let _stop_on_drop = stop.clone().drop_guard();
        let mut servers = tokio::task::JoinSet::new();
        for (at, (listener, router)) in self.services.into_iter().enumerate() {
            // The first is the API; metrics are for the own network.
            let secure = at == 0;
            servers.spawn(serve(Arc::clone(&self.state), listener, router, secure, stop.clone()));
        }
        shutdown.await;
        self.state.drain();
        if !self.state.limits.drain.is_zero() {
            tracing::info!("shutting down soon: others should send their requests elsewhere");
            tokio::time::sleep(self.state.limits.drain).await;
        }
        tracing::info!("shutting down: requests under way may finish");
        stop.cancel();
        let tasks = &self.state.tasks;
        let end = async {
            while servers.join_next().await.is_some() {}
            tasks.close();
            tasks.wait().await;
        };
        // The servers bound themselves; as much again is for the exchanges whose callers were cut: their codes and refresh tokens
        // are spent, and the provider's answer should at least be read and counted.
        let last = Instant::now() + self.state.limits.shutdown * 2;
        if timeout_at(last, end).await.is_err() {
            tracing::warn!("exchanges with providers were still under way at the end of the shutdown");
        }
        if let Some(traces) = &self.state.traces {
            traces
                .finish(self.state.limits.shutdown.min(last.saturating_duration_since(Instant::now())))
                .await;
        }
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    listen(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => StartError::AddressTaken { address },
        _ => StartError::Bind { address, error },
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Elsewhere it would let two programs share the address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Every connection that it accepts has it, too.
    socket.set_keepalive(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn address_of(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|error| StartError::Bind { address, error })
}

/// Says once how the proxy runs, and what is wrong with its configuration.
fn announce(config: &ProxyConfig, state: &ProxyState, address: SocketAddr) {
    for problem in config.credentials.problems() {
        tracing::warn!("{problem}");
    }
    let all = state.registry.all();
    let configured: Vec<&str> =
        all.values().filter(|provider| provider.is_configured()).map(|provider| &*provider.label).collect();
    tracing::info!(
        %address,
        providers = all.len(),
        configured = configured.join(" "),
        access_keys = !config.access.is_empty(),
        refresh_tokens_sealed_under = state.sealer.under(),
        tls = state.tls.is_some(),
        "the proxy listens"
    );
    if configured.is_empty() {
        tracing::warn!("no provider has credentials: set NAME_CLIENT_ID and NAME_CLIENT_SECRET");
    }
}
