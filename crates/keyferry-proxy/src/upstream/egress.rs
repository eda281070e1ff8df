//! The way out: straight, or for https through a proxy of the operator's.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Uri, uri::Scheme};
use hyper_util::client::legacy::connect::{HttpConnector, proxy::Tunnel};
use tower::Service;

use crate::config::{Limits, Outside};

type BoxError = Box<dyn Error + Send + Sync>;
type Connected = <HttpConnector as Service<Uri>>::Response;

/// Makes TCP connections. What makes the straight ones knows which names may lead where.
#[derive(Debug, Clone)]
pub(super) struct WayOut<S> {
    straight: S,
    through: Option<Tunnel<HttpConnector>>,
}

// === impl WayOut ===

impl<S> WayOut<S> {
    pub(super) fn new(straight: S, outside: &Outside, limits: &Limits) -> Self {
        let through = outside.egress.as_ref().map(|proxy| {
            // The name of the proxy is looked up as it is: it is the operator's own, and mostly near.
            let mut plain = HttpConnector::new();
            plain.set_nodelay(true);
            plain.set_connect_timeout(Some(limits.connect));
            Tunnel::new(proxy.clone(), plain)
        });
        Self { straight, through }
    }
}

impl<S> Service<Uri> for WayOut<S>
where
    S: Service<Uri, Response = Connected>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = Connected;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Connected, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.straight.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // Plain http is for providers on this machine, and for collectors near it.
        match &mut self.through {
            Some(through) if uri.scheme() == Some(&Scheme::HTTPS) => {
                let connection = through.call(uri);
                Box::pin(async move { connection.await.map_err(Into::into) })
            }
            _ => {
                let connection = self.straight.call(uri);
                Box::pin(async move { connection.await.map_err(Into::into) })
            }
        }
    }
}
