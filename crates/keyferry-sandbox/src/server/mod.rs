//! The HTTP/1.1 server: accepts connections up to a bound, gives headers a deadline, and can cut a single
//! connection off when a fault asks for it.

mod severable;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use self::severable::Severable;
pub(crate) use self::severable::Severance;

/// Longest wait for the head of a request; it also ends idle connections.
const HEADER_PATIENCE: Duration = Duration::from_secs(30);
/// Pause after a failed accept: out of file descriptors, the next attempt would fail at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`, then finishes what is in flight within `patience`.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    most_connections: usize,
    patience: Duration,
) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(most_connections));
    let cut = CancellationToken::new();
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
            Ok((stream, _)) => {
                let connection = graceful.watch(connection(stream, router.clone()));
                let cut = cut.clone();
                tokio::spawn(async move {
                    cut.run_until_cancelled(connection).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(patience, graceful.shutdown()).await.is_err() {
        cut.cancel();
    }
}

fn connection(stream: TcpStream, router: Router) -> impl GracefulConnection<Output = hyper::Result<()>> {
    let severance = Severance::default();
    let io = TokioIo::new(Severable::new(stream, severance.clone()));
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(severance.clone());
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .serve_connection(io, service)
}
