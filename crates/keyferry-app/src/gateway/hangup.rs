//! The end of a client's connection in the middle of a call.
//!
//! A broken connection is no cancellation (MCP, "Streamable HTTP"): the client may come back for the rest. One that does not come
//! back within a moment will not, and what it asked for is given up.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use futures_util::Stream;
use rmcp::model::Extensions;
use tokio_util::sync::CancellationToken;

/// How long a client may take to come back.
const GRACE: Duration = Duration::from_secs(10);

/// Travels with a request, and is cancelled when its client is gone for good.
#[derive(Clone, Debug, Default)]
pub(super) struct Hangup(CancellationToken);

impl Hangup {
    /// Of the request with these extensions; one that is never cancelled where there is none.
    pub(super) fn of(extensions: &Extensions) -> CancellationToken {
        let parts = extensions.get::<http::request::Parts>();
        parts
            .and_then(|parts| parts.extensions.get::<Self>())
            .map(|hangup| hangup.0.clone())
            .unwrap_or_default()
    }

    /// The answer's body, watched. `came_back` tells whether the client has taken the stream up again since; `kept` is held while
    /// the answer is under way.
    pub(super) fn watch(
        self,
        body: Body,
        came_back: impl Fn() -> bool + Send + Sync + 'static,
        kept: impl Send + Sync + 'static,
    ) -> Body {
        let watched = Watched {
            inner: Box::pin(body.into_data_stream()),
            ended: false,
            end: Some(End { hangup: self, came_back: Arc::new(came_back) }),
            _kept: Box::new(kept),
        };
        Body::from_stream(watched)
    }
}

type Parts = Pin<Box<dyn Stream<Item = Result<Bytes, axum::Error>> + Send>>;

struct Watched {
    inner: Parts,
    ended: bool,
    end: Option<End>,
    _kept: Box<dyn Send + Sync>,
}

struct End {
    hangup: Hangup,
    came_back: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Stream for Watched {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let part = self.inner.as_mut().poll_next(context);
        self.ended |= matches!(part, Poll::Ready(None));
        part
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let (false, Some(end)) = (self.ended, self.end.take()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            tokio::time::sleep(GRACE).await;
            if !(end.came_back)() {
                end.hangup.0.cancel();
            }
        });
    }
}
