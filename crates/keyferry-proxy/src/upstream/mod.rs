//! The only HTTP client of the proxy, and so all that the proxy can be made to call.
//!
//! It takes an endpoint of a provider file, never a URL from a request. It follows no redirect, keeps no cookie, asks for no
//! compression (a small reply could unfold to a large one), goes through no proxy but the operator's, and sends a request once: it tries again
//! only while surely nothing was sent, for a code or a refresh token is spent by the first try. Beside providers it calls the operator's
//! collector of traces, with a client of its own: `collector`.

mod collector;
mod connect;
mod connections;
mod egress;
mod lookups;
mod resolve;
mod tls;

use std::{error::Error as StdError, io, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{Full, LengthLimitError};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use keyferry_core::{
    flow::client::EndpointRequest,
    provider::{HostPattern, RequestFormat},
    secret::SecretText,
};
use rustls::ClientConfig;
use tokio::time::{sleep, timeout};

pub(crate) use self::collector::{Collector, NotTaken};
use self::{
    connect::ConnectDeadline,
    connections::{Connections, NoReply},
    egress::WayOut,
    resolve::{Near, Resolver},
};
use crate::{
    clock,
    config::{Limits, Outside},
    fault::Fault,
    retry_after,
    start_error::StartError,
    whole,
};

/// What providers see as our name.
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("keyferry/", env!("CARGO_PKG_VERSION")));
/// How often a connection is tried.
const CONNECT_TRIES: u32 = 2;
/// Pause before a connection is tried again.
const CONNECT_PAUSE: Duration = Duration::from_millis(200);
/// How long an idle connection is kept. Common servers close theirs after five seconds; a request written into one that is just
/// being closed may or may not have been read, and a code in it would be lost.
const IDLE: Duration = Duration::from_secs(4);
/// For how long a connection of HTTP/2 may be silent while something is under way on it, until it is asked whether it still lives. Servers
/// end connections that ask often.
const PING: Duration = Duration::from_secs(4);
/// How long it has for the answer. One that went silent would else take every exchange with the provider, each to its deadline; with both
/// below that deadline, it is gone before. Giving one up ends all exchanges on it, and their tokens may be spent: TCP must have the time to
/// send what was lost again, and then once more.
const PONG: Duration = Duration::from_secs(5);
/// What the system says when it, or this process, has no file left: ENFILE and EMFILE.
const NO_FILES: [i32; 2] = [23, 24];
/// Idle connections that are kept for one provider.
const IDLE_CONNECTIONS: usize = 64;
/// The longest body that is read though nobody needs it, in bytes, and how long that may take.
const LONGEST_PASSED_OVER: usize = 16 * 1024;
const PASSED_OVER_WITHIN: Duration = Duration::from_millis(250);
/// Longest head of a reply, in bytes; what comes with the last read may go beyond it.
const LONGEST_HEAD: usize = 32 * 1024;
/// Most headers of a reply.
const MOST_HEADERS: usize = 100;

type Connector = ConnectDeadline<HttpsConnector<WayOut<HttpConnector<Resolver>>>>;

/// The client.
pub(crate) struct Upstream {
    connections: Connections<Connector>,
    near: Near,
    exchange: Duration,
    longest_reply: usize,
}

/// A request, ready to be sent.
pub(crate) struct UpstreamRequest {
    method: Method,
    uri: Uri,
    authorization: Option<HeaderValue>,
    headers: Vec<(HeaderName, HeaderValue)>,
    content_type: Option<&'static str>,
    body: Bytes,
}

/// A reply, read to its end.
pub(crate) struct UpstreamReply {
    pub(crate) status: StatusCode,
    /// When to come back, in seconds.
    pub(crate) retry_after: Option<u32>,
    /// The body; empty where the status alone decides, and where it came compressed against our wish.
    pub(crate) body: Bytes,
}

// === impl UpstreamRequest ===

impl UpstreamRequest {
    /// A request of the flow. `uri` is its endpoint, parsed before, where the provider file names it outright.
    pub(crate) fn new(uri: Option<&Uri>, request: &EndpointRequest<'_>) -> Result<Self, Fault> {
        let uri = match uri {
            Some(uri) => uri.clone(),
            None => Uri::try_from(request.endpoint.url().as_str()).map_err(|_| Fault::Unmade)?,
        };
        let sensitive = |value: &SecretText| {
            let mut value = HeaderValue::try_from(value.expose_secret()).map_err(|_| Fault::Unmade)?;
            value.set_sensitive(true);
            Ok(value)
        };
        let headers = request.headers.iter().map(|(name, value)| {
            let name = HeaderName::try_from(*name).map_err(|_| Fault::Unmade)?;
            Ok((name, sensitive(value)?))
        });
        let headers = headers.collect::<Result<_, Fault>>()?;
        let authorization = request.authorization.as_ref().map(sensitive).transpose()?;
        let body = request.body.expose_secret();
        let (method, uri, body) = match request.method {
            keyferry_core::flow::client::Method::Post => (Method::POST, uri, body),
            keyferry_core::flow::client::Method::Delete => (Method::DELETE, uri, body),
            keyferry_core::flow::client::Method::Get => {
                (Method::GET, Uri::try_from(format!("{uri}?{body}")).map_err(|_| Fault::Unmade)?, "")
            }
        };
        let content_type = request.format.map(|format| match format {
            RequestFormat::Form => "application/x-www-form-urlencoded",
            RequestFormat::Json => "application/json",
        });
        let body = Bytes::copy_from_slice(body.as_bytes());
        Ok(Self { method, uri, authorization, headers, content_type, body })
    }

    /// How and where it is sent.
    pub(crate) fn target(&self) -> (&Method, &Uri) {
        (&self.method, &self.uri)
    }

    fn http(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.reserve(8);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        } else if self.method == Method::POST {
            // Some servers refuse a POST that does not say that nothing follows (RFC 9110 §8.6).
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        headers.insert(header::USER_AGENT, USER_AGENT);
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        request
    }
}

// === impl Upstream ===

impl Upstream {
    pub(crate) fn new(limits: &Limits, outside: &Outside) -> Result<Self, StartError> {
        Ok(Self::with_tls(limits, outside, tls::config(outside.authorities.as_deref())?))
    }

    fn with_tls(limits: &Limits, outside: &Outside, tls: ClientConfig) -> Self {
        let near = Near::new(ArcSwap::from_pointee(outside.private_hosts.clone()));
        let mut straight = HttpConnector::new_with_resolver(Resolver::new(Arc::clone(&near)));
        straight.enforce_http(false);
        straight.set_nodelay(true);
        straight.set_connect_timeout(Some(limits.connect));
        let way_out = WayOut::new(straight, outside, limits);
        // Plain http is for loopback: an endpoint with another host and http does not parse.
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(way_out);
        let connections = Connections::new(ConnectDeadline::new(https, limits.connect));
        Self { connections, near, exchange: limits.exchange, longest_reply: limits.provider_reply }
    }

    /// Says which hosts may be in the own network from now on.
    pub(crate) fn may_be_near(&self, hosts: Vec<HostPattern>) {
        self.near.store(Arc::new(hosts));
    }

    /// Sends a request and reads its reply, all within one deadline.
    pub(crate) async fn send(
        &self,
        provider: &str,
        request: UpstreamRequest,
    ) -> Result<UpstreamReply, Fault> {
        timeout(self.exchange, self.exchange(provider, &request)).await.unwrap_or(Err(Fault::TimedOut))
    }

    async fn exchange(&self, provider: &str, request: &UpstreamRequest) -> Result<UpstreamReply, Fault> {
        let mut tried = 1;
        loop {
            let asked = self.connections.ask(|| request.http(), |response| self.read(response)).await;
            match asked {
                Ok(reply) => return reply,
                Err(NoReply::Broken(error)) => {
                    tracing::warn!(provider, error = %root(&error), "the connection to the provider broke");
                    return Err(Fault::Broken);
                }
                Err(NoReply::NoConnection(error)) => {
                    let fault = connect_fault(provider, &*error);
                    if fault != Fault::Unreachable || tried == CONNECT_TRIES {
                        return Err(fault);
                    }
                }
            }
            tried += 1;
            tracing::debug!(provider, "trying once more");
            sleep(CONNECT_PAUSE).await;
        }
    }

    async fn read(&self, response: http::Response<Incoming>) -> Result<UpstreamReply, Fault> {
        let (head, body) = response.into_parts();
        let status = head.status;
        let retry_after = retry_after::read(&head.headers, clock::now());
        if status.is_redirection() {
            return Err(Fault::Redirect);
        }
        let plain = head.headers.get(header::CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || !plain {
            pass_over(body).await;
            return Ok(UpstreamReply { status, retry_after, body: Bytes::new() });
        }
        match whole::read(body, self.longest_reply).await {
            Ok(body) => Ok(UpstreamReply { status, retry_after, body }),
            Err(error) if error.is::<LengthLimitError>() => Err(Fault::TooLong),
            Err(_) => Err(Fault::Broken),
        }
    }
}

/// Reads a body that nobody needs, where that is soon done, so that its connection can be kept: a provider that has too much to do would
/// else be asked for a new one each time.
async fn pass_over(body: Incoming) {
    if body.size_hint().exact().is_some_and(|length| length <= LONGEST_PASSED_OVER as u64) {
        _ = timeout(PASSED_OVER_WITHIN, whole::read(body, LONGEST_PASSED_OVER)).await;
    }
}

/// Why there is no connection. A refused certificate is an event of its own in the log: it may be an attack.
fn connect_fault(provider: &str, error: &(dyn StdError + 'static)) -> Fault {
    match tls::refusal(error) {
        Some(refusal) => {
            tracing::warn!(provider, error = ?refusal, "the provider's TLS was not accepted");
            Fault::Tls
        }
        None => {
            let root = root(error);
            tracing::warn!(provider, error = %root, "no connection to the provider");
            let code = root.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
            if code.is_some_and(|code| NO_FILES.contains(&code)) {
                Fault::NoFiles
            } else {
                Fault::Unreachable
            }
        }
    }
}

/// The first cause, in words of the system or of hyper: the causes above only repeat where it happened.
///
/// Below hyper it is the system's word or none. The rest may be the provider's own text, which may hold what it was sent: that of HTTP/2
/// repeats what came with the end of a connection (RFC 9113 §6.8).
fn root<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    let (mut root, mut next, mut in_hyper) = (error, Some(error), false);
    while let Some(cause) = next {
        if !in_hyper || is_of_the_system(cause) {
            root = cause;
        }
        in_hyper |= cause.is::<hyper::Error>();
        next = cause.source();
    }
    root
}

fn is_of_the_system(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.raw_os_error().is_some())
}

#[cfg(test)]
mod tests;
