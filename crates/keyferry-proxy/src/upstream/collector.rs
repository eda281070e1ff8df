//! The collector that spans go to: the one place beside providers that the proxy calls, and by the operator's word alone.

use std::{error::Error, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::time::timeout;

use super::{
    USER_AGENT,
    connect::ConnectDeadline,
    connections::{Connections, NoReply},
    egress::WayOut,
    root, tls,
};
use crate::{
    clock,
    config::{Limits, Outside, TraceExport},
    retry_after,
    start_error::StartError,
    whole,
};

/// Longest answer, in bytes: it says at most how many spans were rejected, and why.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A collector of OTLP over HTTP.
pub(crate) struct Collector {
    connections: Connections<ConnectDeadline<HttpsConnector<WayOut<HttpConnector>>>>,
    endpoint: Uri,
    headers: ArcSwap<HeaderMap>,
    timeout: Duration,
}

/// Why a collector did not take what it was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// No connection, or one that broke.
    #[error("{0}")]
    Connection(String),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// A status that says «later» (OTLP: 429, 502, 503, 504).
    #[error("it answered {status}")]
    Later {
        /// The status.
        status: StatusCode,
        /// When, in seconds, if it said so.
        retry_after: Option<u32>,
    },
    /// Another status: the same again would fare no better.
    #[error("it answered {0}")]
    Refused(StatusCode),
}

// === impl Collector ===

impl Collector {
    pub(crate) fn new(export: &TraceExport, limits: &Limits, outside: &Outside) -> Result<Self, StartError> {
        // Unlike a provider it may be anywhere in the own network, and in plain http.
        let mut straight = HttpConnector::new();
        straight.enforce_http(false);
        straight.set_nodelay(true);
        straight.set_connect_timeout(Some(limits.connect));
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(outside.authorities.as_deref())?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(WayOut::new(straight, outside, limits));
        let connections = Connections::new(ConnectDeadline::new(https, limits.connect));
        let headers = ArcSwap::from_pointee(export.headers.clone());
        Ok(Self { connections, endpoint: export.endpoint.clone(), headers, timeout: export.timeout })
    }

    /// Sends these headers from now on.
    pub(crate) fn replace_headers(&self, headers: HeaderMap) {
        self.headers.store(Arc::new(headers));
    }

    /// Posts a request in protobuf, once, and reads its answer.
    pub(crate) async fn send(&self, request: Bytes) -> Result<Bytes, NotTaken> {
        timeout(self.timeout, self.exchange(request)).await.unwrap_or(Err(NotTaken::TimedOut))
    }

    async fn exchange(&self, body: Bytes) -> Result<Bytes, NotTaken> {
        let asked = self.connections.ask(|| self.request(body.clone()), read).await;
        asked.unwrap_or_else(|error| match error {
            NoReply::NoConnection(error) => Err(NotTaken::broke(&*error)),
            NoReply::Broken(error) => Err(NotTaken::broke(&error)),
        })
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        *request.headers_mut() = HeaderMap::clone(&self.headers.load());
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        headers.insert(header::USER_AGENT, USER_AGENT);
        request
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes, NotTaken> {
    let (head, body) = response.into_parts();
    match head.status {
        status if status.is_success() => {
            whole::read(body, LONGEST_ANSWER).await.map_err(|error| NotTaken::broke(&*error))
        }
        status @ (StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT) => {
            Err(NotTaken::Later { status, retry_after: retry_after::read(&head.headers, clock::now()) })
        }
        status => Err(NotTaken::Refused(status)),
    }
}

// === impl NotTaken ===

impl NotTaken {
    fn broke(error: &(dyn Error + 'static)) -> Self {
        Self::Connection(root(error).to_string())
    }

    /// When the same may be tried again, if at all; zero where that was not said.
    pub(crate) fn again_after(&self) -> Option<Duration> {
        match self {
            Self::Connection(_) | Self::TimedOut => Some(Duration::ZERO),
            Self::Later { retry_after, .. } => {
                Some(Duration::from_secs(retry_after.unwrap_or_default().into()))
            }
            Self::Refused(_) => None,
        }
    }
}
