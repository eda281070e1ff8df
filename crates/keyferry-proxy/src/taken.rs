//! An answer that must be taken: until it is, it counts as under way, and who takes none of it loses the connection.
//!
//! Writes to a socket tell too little of it. A caller of HTTP/2 says for each stream how much it will take (RFC 9113 §5.2): with a window
//! of nothing it leaves every answer in the proxy's memory, while it reads all that is written, and answers each ping.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body as AnyBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{sync::OwnedSemaphorePermit, time::sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Longest piece of an answer that is handed on at once, in bytes: what a frame of HTTP/2 holds (RFC 9113 §4.2). Whoever takes an answer must
/// take as much of it each time within the limit, so a larger one would cut callers whose network is slow.
const PIECE: usize = 16 * 1024;

/// What an answer that is not taken yet takes: its permit, and the time of its connection.
pub(crate) struct Hold {
    limit: Duration,
    cut: CancellationToken,
    _permit: Option<OwnedSemaphorePermit>,
}

/// A body that comes in pieces, of which the last lets go of what was held.
struct Taken {
    body: AnyBody,
    /// What has come of the body and was not handed on yet.
    rest: Bytes,
    held: Option<Held>,
}

/// A hold whose time runs. Dropping it stops that.
struct Held {
    hold: Hold,
    end: AbortOnDropHandle<()>,
}

/// The last piece: it lets go once it is written, and not when it only waits for that.
struct Last {
    piece: Bytes,
    _held: Held,
}

/// Makes a body hold this until it is taken or dropped.
pub(crate) fn held(body: AnyBody, hold: Hold) -> AnyBody {
    AnyBody::new(Taken { body, rest: Bytes::new(), held: Some(Held::start(hold)) })
}

// === impl Hold ===

impl Hold {
    /// Holds a permit where there is one, and lets `cut` end the connection when a piece is not taken within the limit.
    pub(crate) fn new(permit: Option<OwnedSemaphorePermit>, limit: Duration, cut: CancellationToken) -> Self {
        Self { limit, cut, _permit: permit }
    }

    fn count_down(&self) -> AbortOnDropHandle<()> {
        let (limit, cut) = (self.limit, self.cut.clone());
        AbortOnDropHandle::new(tokio::spawn(async move {
            sleep(limit).await;
            tracing::debug!("an answer was not taken; its connection was cut");
            cut.cancel();
        }))
    }
}

// === impl Held ===

impl Held {
    fn start(hold: Hold) -> Self {
        let end = hold.count_down();
        Self { hold, end }
    }

    /// Gives the next piece as much time as the one before.
    fn start_again(&mut self) {
        self.end = self.hold.count_down();
    }
}

// === impl Taken ===

impl Taken {
    fn next_piece(&mut self) -> Bytes {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        if self.is_end_stream()
            && let Some(held) = self.held.take()
        {
            return Bytes::from_owner(Last { piece, _held: held });
        }
        if let Some(held) = &mut self.held {
            held.start_again();
        }
        piece
    }
}

impl Body for Taken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.next_piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        // The upper bound first: the lower one may not be above it.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

// === impl Last ===

impl AsRef<[u8]> for Last {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt;
    use tokio::sync::Semaphore;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn hold(permits: &Arc<Semaphore>, limit: Duration) -> Hold {
        let permit = Arc::clone(permits).try_acquire_owned().ok();
        Hold::new(permit, limit, CancellationToken::new())
    }

    #[tokio::test]
    async fn a_body_is_the_same_in_pieces_and_holds_until_the_last_is_gone() {
        let permits = Arc::new(Semaphore::new(1));
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE] {
            let text: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let mut body = held(AnyBody::from(text.clone()), hold(&permits, LONG));
            let mut all = Vec::new();
            while !body.is_end_stream() {
                assert_eq!(body.size_hint().exact(), Some((length - all.len()) as u64));
                let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
                assert!(piece.len() <= PIECE);
                assert_eq!(permits.available_permits(), 0, "{} of {length}", all.len());
                all.extend_from_slice(&piece);
            }
            assert!(all == text, "{length}");
            assert_eq!(permits.available_permits(), 1, "{length}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_dropped_lets_go_and_cuts_nothing() {
        let permits = Arc::new(Semaphore::new(1));
        let hold = hold(&permits, Duration::ZERO);
        let cut = hold.cut.clone();
        drop(held(AnyBody::from("text"), hold));
        assert_eq!(permits.available_permits(), 1);
        assert!(!cut.is_cancelled());
    }

    #[tokio::test]
    async fn a_piece_that_is_not_taken_cuts_the_connection() {
        let permits = Arc::new(Semaphore::new(1));
        let hold = hold(&permits, Duration::from_millis(1));
        let cut = hold.cut.clone();
        let mut body = held(AnyBody::from(vec![0; PIECE + 1]), hold);
        drop(body.frame().await);
        let _last = body.frame().await;
        cut.cancelled().await;
    }
}
