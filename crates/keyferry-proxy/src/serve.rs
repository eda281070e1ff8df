//! The server, of HTTP/1.1, and of HTTP/2 in TLS: bounded connections, a deadline for every head and answer, an end that loses nothing.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, response::Response};
use futures_util::FutureExt;
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    patience::Patience, peers::Peers, preface::Preface, respond::respond, routes::Routes,
    server_tls::is_http2, state::ProxyState,
};

/// Pause after a failed accept: out of file descriptors, the next one would fail at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long the last connections have for their requests to come in, once no more are taken.
const LAST_REQUESTS: Duration = Duration::from_millis(100);
/// Longest head of a request, in bytes; hyper answers 431, or 414 for the URI.
const LONGEST_HEAD: usize = 16 * 1024;
/// Most headers of a request.
const MOST_HEADERS: usize = 64;
/// Most requests at once on a connection of HTTP/2.
const MOST_STREAMS: u32 = 32;

/// Serves routes on a listener until `stop`, then lets what is under way finish within the limit, and cuts the rest.
pub(crate) async fn serve(
    proxy: Arc<ProxyState>,
    listener: TcpListener,
    routes: Routes,
    secure: bool,
    stop: CancellationToken,
) {
    let (graceful, connections) = (GracefulShutdown::new(), TaskTracker::new());
    let cut = CancellationToken::new();
    let _cut_on_drop = cut.clone().drop_guard();
    let (all, of_one_address) = proxy.limits.of_listener(secure);
    let (slots, peers) = (Arc::new(Semaphore::new(all)), Peers::new(of_one_address));
    let take = |stream: TcpStream, address: SocketAddr, slot: Slot| {
        let Some(peer) = peers.admit(address.ip()) else {
            return tracing::debug!("an address has more connections than its share; one was closed");
        };
        let open = proxy.metrics.connection();
        let (watcher, cut, stop) = (graceful.watcher(), cut.child_token(), stop.clone());
        let connection = Connection {
            proxy: Arc::clone(&proxy),
            routes: routes.clone(),
            peer: address.ip(),
            cut: cut.clone(),
        };
        // Boxed, each kind by itself: a connection without TLS, most of them idle, must not take the room of one with it.
        let connection: Pin<Box<dyn Future<Output = ()> + Send>> = match secure {
            true if proxy.tls.is_some() => Box::pin(connection.secure(stream, watcher, stop)),
            _ => Box::pin(watcher.watch(connection.http1(connection.patient(stream))).map(drop)),
        };
        connections.spawn(async move {
            cut.run_until_cancelled(connection).await;
            drop((slot, open, peer));
        });
    };
    let mut refused = false;
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
                refused = false;
                take(stream, address, slot);
            }
            Err(error) => {
                // Told once for each time that it begins: it may go on for long.
                if !std::mem::replace(&mut refused, true) {
                    tracing::warn!(%error, "connections can not be accepted");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Those whom the system has let in already are served, too: for them the proxy was still there.
    while let Ok(slot) = Arc::clone(&slots).try_acquire_owned()
        && let Some(Ok((stream, address))) = listener.accept().now_or_never()
    {
        take(stream, address, Ok(slot));
    }
    drop(listener);
    if !connections.is_empty() {
        // A connection on which nothing was asked yet ends at once; the request of one that has just come is on its way.
        sleep(LAST_REQUESTS).await;
    }
    let patience = proxy.limits.shutdown;
    if timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way at the end of the shutdown and were cut");
    }
    // Only once all connections are gone have all their exchanges found a task of their own.
    cut.cancel();
    connections.close();
    connections.wait().await;
}

type Slot = Result<OwnedSemaphorePermit, AcquireError>;

/// What a connection needs to be served.
struct Connection {
    proxy: Arc<ProxyState>,
    routes: Routes,
    peer: IpAddr,
    /// Ends it, whatever is under way.
    cut: CancellationToken,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

// === impl Connection ===

impl Connection {
    fn patient(&self, stream: TcpStream) -> Patience {
        // Replies are small and whole; waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        Patience::new(stream, self.proxy.limits.answer_wait)
    }

    fn service(
        &self,
    ) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future = Answering> + use<>
    {
        let (state, routes, peer) = (Arc::clone(&self.proxy), self.routes.clone(), self.peer);
        let cut = self.cut.clone();
        service_fn(move |request: Request<Incoming>| -> Answering {
            let (state, routes, cut) = (Arc::clone(&state), routes.clone(), cut.clone());
            Box::pin(respond(state, routes, peer, cut, request.map(Body::new)).map(Ok))
        })
    }

    fn http1<S>(&self, stream: S) -> impl GracefulConnection<Output = hyper::Result<()>> + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        http1::Builder::new()
            // Without a timer hyper has no deadline for heads at all.
            .timer(TokioTimer::new())
            .header_read_timeout(self.proxy.limits.head)
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            // Replies are small: to copy them behind their head costs less than to have the system gather them.
            .writev(false)
            .serve_connection(TokioIo::new(stream), self.service())
    }

    fn http2<S>(&self, stream: S) -> impl GracefulConnection<Output = hyper::Result<()>> + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            // One that is gone is noticed; one that is idle costs little, and is bound by the number of connections.
            .keep_alive_interval(Some(self.proxy.limits.head))
            .keep_alive_timeout(self.proxy.limits.answer_wait)
            .max_concurrent_streams(MOST_STREAMS)
            .max_header_list_size(u32::try_from(LONGEST_HEAD).unwrap_or(u32::MAX))
            .max_send_buf_size(LONGEST_HEAD)
            .serve_connection(TokioIo::new(stream), self.service())
    }

    /// Serves a connection in TLS. Who does not finish the handshake in time is cut; one who has not begun it when the end comes, too.
    async fn secure(self, stream: TcpStream, watcher: Watcher, stop: CancellationToken) {
        let Some(tls) = &self.proxy.tls else { return };
        let handshake = timeout(self.proxy.limits.head, tls.accept(self.patient(stream)));
        let stream = match stop.run_until_cancelled(handshake).await {
            Some(Ok(Ok(stream))) => stream,
            Some(Ok(Err(error))) => {
                self.proxy.metrics.handshake_failed();
                return tracing::debug!(%error, "a TLS handshake failed");
            }
            Some(Err(_)) => return self.proxy.metrics.handshake_failed(),
            None => return,
        };
        if is_http2(&stream) {
            let stream = Preface::new(stream, self.proxy.limits.head);
            drop(watcher.watch(self.http2(stream)).await);
        } else {
            drop(watcher.watch(self.http1(stream)).await);
        }
    }
}

/// Serves one plain connection that is no socket, to its end.
#[cfg(any(test, fuzzing))]
pub(crate) async fn serve_one<S>(proxy: Arc<ProxyState>, routes: Routes, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (peer, cut) = (IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), CancellationToken::new());
    let connection = Connection { proxy, routes, peer, cut: cut.clone() };
    drop(cut.run_until_cancelled(connection.http1(stream)).await);
}

#[cfg(test)]
mod tests {
    use keyferry_core::provider::{ProviderFile, ProviderSet};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::config::ProxyConfig;

    /// How much of an answer a caller has room for, whether it reads or not.
    const ROOM: usize = 1_024;
    const ASKED: &[u8] = b"GET /oauth/providers HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    /// A proxy with a list of providers that no buffer holds.
    fn proxy(answer_wait: Duration) -> Arc<ProxyState> {
        let text = format!(
            "# {}\ndisplay_name = \"Acme\"\n[authorization]\nendpoint = \"https://acme.example/a\"\n\
             [token]\nendpoint = \"https://acme.example/t\"\n",
            "a".repeat(30_000)
        );
        let mut set = ProviderSet::default();
        for name in ["one", "two", "three", "four"] {
            let file = ProviderFile::parse(name.parse().unwrap(), name, &text).unwrap().file;
            drop(set.insert(Arc::new(file)));
        }
        let mut config = ProxyConfig::new(Arc::new(set));
        config.limits.answer_wait = answer_wait;
        config.limits.requests = 1;
        Arc::new(ProxyState::new(&config).unwrap())
    }

    /// A caller that has asked for the list, and its connection.
    async fn ask(proxy: &Arc<ProxyState>) -> (DuplexStream, impl Future<Output = ()> + use<>) {
        let (mut caller, stream) = duplex(ROOM);
        caller.write_all(ASKED).await.unwrap();
        let routes = Routes::api(Arc::clone(proxy), false);
        (caller, serve_one(Arc::clone(proxy), routes, stream))
    }

    #[tokio::test]
    async fn a_large_answer_is_under_way_until_it_is_taken() {
        let proxy = proxy(Duration::from_secs(600));
        let (mut caller, connection) = ask(&proxy).await;
        let connection = tokio::spawn(connection);
        let mut reply = vec![0; ROOM];
        caller.read_exact(&mut reply).await.unwrap();
        assert_eq!(proxy.requests.available_permits(), 0);
        caller.read_to_end(&mut reply).await.unwrap();
        connection.await.unwrap();
        assert_eq!(proxy.requests.available_permits(), 1);
        let reply = String::from_utf8(reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }

    #[tokio::test]
    async fn a_large_answer_that_is_not_taken_ends_its_connection() {
        let proxy = proxy(Duration::from_millis(100));
        let (_caller, connection) = ask(&proxy).await;
        timeout(Duration::from_secs(20), connection).await.unwrap();
        assert_eq!(proxy.requests.available_permits(), 1);
    }
}
