//! A connector with a deadline for the whole connection: name, TCP and TLS.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use tokio::time::timeout;
use tower::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// Limits how long another connector may take.
#[derive(Debug, Clone)]
pub(super) struct ConnectDeadline<C> {
    inner: C,
    limit: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("no connection in time")]
struct TooSlow;

// === impl ConnectDeadline ===

impl<C> ConnectDeadline<C> {
    pub(super) fn new(inner: C, limit: Duration) -> Self {
        Self { inner, limit }
    }
}

impl<C> Service<Uri> for ConnectDeadline<C>
where
    C: Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connection = timeout(self.limit, self.inner.call(uri));
        Box::pin(async move {
            match connection.await {
                Ok(connected) => connected.map_err(Into::into),
                Err(_) => Err(TooSlow.into()),
            }
        })
    }
}
