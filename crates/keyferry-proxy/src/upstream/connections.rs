//! Requests over connections that are kept for the next one: of HTTP/1.1 one request at a time, of HTTP/2 all that there are.
//!
//! A request of HTTP/1.1 takes its connection out of a list, drives it itself, and puts it back: no task runs for each connection, to be
//! woken twice a request. One that nobody drives is looked at when it is next wanted, and let go of when nobody wants it for long.

mod kept;

use std::{
    error::Error,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header, uri::PathAndQuery};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
    rt::{Read, Write},
};
use hyper_util::{
    client::legacy::connect::Connection,
    rt::{TokioExecutor, TokioTimer},
};
use tower::{Service, ServiceExt as _};

use self::kept::Kept;
use super::{LONGEST_HEAD, MOST_HEADERS, PING, PONG};

type BoxError = Box<dyn Error + Send + Sync>;
type Body = Full<Bytes>;

/// Connects and asks.
pub(super) struct Connections<C: Service<Uri>>
where
    C::Response: Read + Write + Unpin,
{
    connector: C,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    kept: Arc<Kept<C::Response>>,
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum NoReply {
    /// There was no connection: surely nothing was sent.
    NoConnection(BoxError),
    /// It broke, and the request may have been read.
    Broken(hyper::Error),
}

/// A connection that is had by whoever asks.
enum Link<I: Read + Write + Unpin> {
    Http1(Box<Http1<I>>),
    Http2(http2::SendRequest<Body>),
}

struct Http1<I: Read + Write + Unpin> {
    sender: http1::SendRequest<Body>,
    /// None once it has ended.
    connection: Option<http1::Connection<I, Body>>,
}

/// Why a request got no answer on a connection.
enum Unanswered {
    /// The connection was closed before anything was sent.
    Unsent(hyper::Error),
    /// Something may have been sent.
    Broken(hyper::Error),
}

// === impl Connections ===

impl<C> Connections<C>
where
    C: Service<Uri> + Clone,
    C::Response: Read + Write + Connection + Unpin + Send + 'static,
    C::Error: Into<BoxError>,
{
    pub(super) fn new(connector: C) -> Self {
        let mut http1 = http1::Builder::new();
        // As for callers: requests are small.
        http1.max_buf_size(LONGEST_HEAD).max_headers(MOST_HEADERS).writev(false);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PONG);
        http2.max_header_list_size(u32::try_from(LONGEST_HEAD).unwrap_or(u32::MAX));
        Self { connector, http1, http2, kept: Arc::default() }
    }

    /// Sends a request and reads its answer. `request` makes it, once more where a kept connection turns out to be closed before
    /// anything was sent on it.
    pub(super) async fn ask<T, R>(
        &self,
        request: impl Fn() -> Request<Body>,
        read: impl Fn(Response<Incoming>) -> R,
    ) -> Result<T, NoReply>
    where
        R: Future<Output = T>,
    {
        loop {
            let request = request();
            let uri = request.uri().clone();
            let kept = self.kept.take(&uri);
            let is_fresh = kept.is_none();
            let mut link = match kept {
                Some(link) => link,
                // Seldom, and large.
                None => Box::pin(self.connect(&uri)).await.map_err(NoReply::NoConnection)?,
            };
            match link.ask(request, &read).await {
                Ok(answer) => {
                    self.kept.put(&uri, link);
                    return Ok(answer);
                }
                Err(Unanswered::Unsent(error)) if is_fresh => return Err(NoReply::Broken(error)),
                Err(Unanswered::Unsent(_)) => {}
                Err(Unanswered::Broken(error)) => return Err(NoReply::Broken(error)),
            }
        }
    }

    async fn connect(&self, uri: &Uri) -> Result<Link<C::Response>, BoxError> {
        let io = self.connector.clone().oneshot(uri.clone()).await.map_err(Into::into)?;
        if io.connected().is_negotiated_h2() {
            let (sender, connection) = self.http2.handshake(io).await?;
            // What it ends with, its requests are told.
            tokio::spawn(connection);
            // At once for all that are to come.
            self.kept.put(uri, Link::Http2(sender.clone()));
            return Ok(Link::Http2(sender));
        }
        let (sender, connection) = self.http1.handshake(io).await?;
        Ok(Link::Http1(Box::new(Http1 { sender, connection: Some(connection) })))
    }
}

// === impl Link ===

impl<I: Read + Write + Unpin> Link<I> {
    async fn ask<T, R>(
        &mut self,
        request: Request<Body>,
        read: impl Fn(Response<Incoming>) -> R,
    ) -> Result<T, Unanswered>
    where
        R: Future<Output = T>,
    {
        match self {
            Self::Http1(link) => link.ask(request, read).await,
            Self::Http2(sender) => {
                Ok(read(sender.try_send_request(request).await.map_err(Unanswered::from)?).await)
            }
        }
    }

    /// Whether a request can be sent on it. What has happened on it since it was put away is only seen now.
    fn is_ready(&mut self) -> bool {
        match self {
            Self::Http1(link) => {
                link.drive(&mut Context::from_waker(Waker::noop()));
                link.is_done()
            }
            Self::Http2(sender) => !sender.is_closed(),
        }
    }
}

// === impl Http1 ===

impl<I: Read + Write + Unpin> Http1<I> {
    async fn ask<T, R>(
        &mut self,
        mut request: Request<Body>,
        read: impl Fn(Response<Incoming>) -> R,
    ) -> Result<T, Unanswered>
    where
        R: Future<Output = T>,
    {
        to_origin(&mut request);
        let answer = self.sender.try_send_request(request);
        let mut work = pin!(async move { Ok(read(answer.await.map_err(Unanswered::from)?).await) });
        let mut others_were_read = false;
        poll_fn(|cx| {
            // First what else was just read is dealt with, so that all of it is sent in one go: to wake the other side for each came to a
            // tenth of what the proxy does, on one machine.
            if !std::mem::replace(&mut others_were_read, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // The work and the connection wait for each other: what one has done, the other goes on with at once.
            for _ in 0..2 {
                if let Poll::Ready(done) = work.as_mut().poll(cx) {
                    return Poll::Ready(done);
                }
                self.drive(cx);
            }
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Whether it is done with its request and takes another.
    fn is_done(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        // What it ends with, its request is told.
        if self.connection.as_mut().is_some_and(|connection| Pin::new(connection).poll(cx).is_ready()) {
            self.connection = None;
        }
    }
}

/// As HTTP/1.1 wants it: the target without the host, and the host as a header (RFC 9112 §3.2).
fn to_origin(request: &mut Request<Body>) {
    let host = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(header::HOST, host);
    }
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
}

// === impl Unanswered ===

impl From<TrySendError<Request<Body>>> for Unanswered {
    fn from(error: TrySendError<Request<Body>>) -> Self {
        if error.message().is_some() {
            Self::Unsent(error.into_error())
        } else {
            Self::Broken(error.into_error())
        }
    }
}

#[cfg(test)]
mod tests;
