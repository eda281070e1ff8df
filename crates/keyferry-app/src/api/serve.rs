//! The listener and its connections, each with a limit.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Connections at once, where there are files for them. One person's programs need a few; more is a mistake or an attack.
const CONNECTIONS: usize = 256;

/// The part of the files that connections may take: the vault and every server need some, too.
const PART_OF_FILES: u64 = 4;

/// The time a request's head may take. Also ends connections that idle.
const HEAD_LIMIT: Duration = Duration::from_secs(15);

/// The size of a request's head.
const HEAD_SIZE: usize = 64 * 1024;

/// After this the requests still under way at a shutdown are cut.
const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// A pause when the system has no more file descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n";

/// Binds the address; a taken port is replaced by any free one where `any_port` allows it.
pub(crate) async fn bind(address: SocketAddr, any_port: bool) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if any_port && error.kind() == io::ErrorKind::AddrInUse => {
            TcpListener::bind(SocketAddr::new(address.ip(), 0)).await
        }
        bound => bound,
    }
}

/// Serves until `stop`, then lets requests under way finish, bounded.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(connections_at_once()));
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT).max_buf_size(HEAD_SIZE);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // An answer in several small parts, as the gateway's are, would wait 40 ms for each to be acknowledged.
        let _ = stream.set_nodelay(true);
        let Ok(slot) = slots.clone().try_acquire_owned() else {
            turn_away(&stream);
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(FINISH_LIMIT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still under way were cut");
    }
    connections.shutdown().await;
}

/// As many as this process can hold open: one that can be accepted can be told that there are too many.
fn connections_at_once() -> usize {
    let files = most_files().map_or(u64::MAX, |files| files / PART_OF_FILES);
    usize::try_from(files).unwrap_or(usize::MAX).clamp(1, CONNECTIONS)
}

#[cfg(unix)]
fn most_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn most_files() -> Option<u64> {
    None
}

fn turn_away(stream: &TcpStream) {
    tracing::warn!("a connection was turned away: too many at once");
    // A peer that doesn't read its 503 gets none.
    let _unsent = stream.try_write(BUSY);
}
