//! The HTTP/1.1 server: bounded connections, a deadline for every head and answer, an end that loses nothing.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{patience::Patience, peers::Peers, respond::respond, state::ProxyState};

/// Pause after a failed accept: out of file descriptors, the next one would fail at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Longest head of a request, in bytes; hyper answers 431, or 414 for the URI.
const LONGEST_HEAD: usize = 16 * 1024;
/// Most headers of a request.
const MOST_HEADERS: usize = 64;

/// Serves a router on a listener until `stop`, then lets what is under way finish within the limit, and cuts the rest.
pub(crate) async fn serve(
    proxy: Arc<ProxyState>,
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) {
    let (graceful, connections) = (GracefulShutdown::new(), TaskTracker::new());
    let cut = CancellationToken::new();
    let _cut_on_drop = cut.clone().drop_guard();
    let slots = Arc::new(Semaphore::new(proxy.limits.connections));
    let peers = Peers::new(proxy.limits.connections_per_peer);
    loop {
        let accept = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                let Some(peer) = peers.admit(address.ip()) else {
                    tracing::debug!("an address has more connections than its share; one was closed");
                    continue;
                };
                let open = proxy.metrics.connection();
                let connection = graceful.watch(connection(&proxy, stream, address.ip(), router.clone()));
                let cut = cut.clone();
                connections.spawn(async move {
                    cut.run_until_cancelled(connection).await;
                    drop((slot, open, peer));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let patience = proxy.limits.shutdown;
    if timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way at the end of the shutdown and were cut");
    }
    // Only once all connections are gone have all their exchanges found a task of their own.
    cut.cancel();
    connections.close();
    connections.wait().await;
}

fn connection(
    proxy: &Arc<ProxyState>,
    stream: TcpStream,
    peer: IpAddr,
    router: Router,
) -> impl GracefulConnection<Output = hyper::Result<()>> + use<> {
    // Replies are small and whole; waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let state = Arc::clone(proxy);
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = respond(Arc::clone(&state), router.clone(), peer, request.map(Body::new));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    http1::Builder::new()
        // Without a timer hyper has no deadline for heads at all.
        .timer(TokioTimer::new())
        .header_read_timeout(proxy.limits.head)
        .max_buf_size(LONGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(Patience::new(stream, proxy.limits.answer_wait)), service)
}
