//! A connection that can be cut in the middle of a request: nothing more is written, and the peer sees a reset.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The switch that cuts one connection. Each request carries its connection's in its extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Severance(Arc<AtomicBool>);

/// A TCP stream that obeys its [`Severance`].
#[derive(Debug)]
pub(super) struct Severable {
    stream: TcpStream,
    severance: Severance,
}

// === impl Severance ===

impl Severance {
    /// Cuts the connection before its next read or write.
    pub(crate) fn sever(&self) {
        self.0.store(true, Ordering::Release);
    }
}

// === impl Severable ===

impl Severable {
    pub(super) fn new(stream: TcpStream, severance: Severance) -> Self {
        Self { stream, severance }
    }

    fn check(&self) -> io::Result<()> {
        if !self.severance.0.load(Ordering::Acquire) {
            return Ok(());
        }
        // Closing with a zero linger sends RST instead of FIN.
        self.stream.set_zero_linger()?;
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Severable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Severable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
