//! A connection of HTTP/2 whose peer must say that it speaks it, and soon.
//!
//! hyper waits for the preface of a connection (RFC 9113 §3.4) without a deadline, and sends its pings only once that has come: whoever
//! ends the TLS handshake and says nothing more would keep a connection for ever.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// The length of the preface, in bytes.
const PREFACE: usize = 24;

/// A stream, whose first bytes must come within a limit.
pub(crate) struct Preface<S> {
    stream: S,
    /// What has not come yet, and until when it must; none once all of it is there.
    awaited: Option<Awaited>,
}

struct Awaited {
    bytes: usize,
    end: Pin<Box<Sleep>>,
}

// === impl Preface ===

impl<S> Preface<S> {
    pub(crate) fn new(stream: S, limit: Duration) -> Self {
        Self { stream, awaited: Some(Awaited { bytes: PREFACE, end: Box::pin(sleep(limit)) }) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Preface<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, awaited } = &mut *self;
        let Some(Awaited { bytes, end }) = awaited else { return Pin::new(stream).poll_read(cx, buffer) };
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(cx, buffer);
        if read.is_pending() {
            ready!(end.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        *bytes = bytes.saturating_sub(buffer.filled().len() - before);
        if *bytes == 0 {
            *awaited = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Preface<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
