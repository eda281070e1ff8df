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

use super::resolve::Resolver;

type BoxError = Box<dyn Error + Send + Sync>;
type Straight = HttpConnector<Resolver>;
type Connected = <Straight as Service<Uri>>::Response;

/// Makes TCP connections.
#[derive(Debug, Clone)]
pub(super) struct WayOut {
    straight: Straight,
    through: Option<Tunnel<HttpConnector>>,
}

// === impl WayOut ===

impl WayOut {
    /// `proxy` is reached by `plain`, which looks names up as they are: it is the operator's own, and mostly near.
    pub(super) fn new(straight: Straight, proxy: Option<&Uri>, plain: HttpConnector) -> Self {
        Self { straight, through: proxy.map(|proxy| Tunnel::new(proxy.clone(), plain)) }
    }
}

impl Service<Uri> for WayOut {
    type Response = Connected;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Connected, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.straight.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // Plain http is for providers on this machine alone.
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
