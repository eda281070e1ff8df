//! A server's standard input, on which a server that no longer reads is no error.

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::AsyncWrite;

/// Writes to a server, and drops what can't be written because nobody reads it.
///
/// The session would end at the first such write, before it has read what the server said last. That it has ended shows on its
/// output, and by its exit.
pub(crate) struct Input<W>(pub(crate) W);

impl<W: AsyncWrite + Unpin> AsyncWrite for Input<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes).map(|written| unless_broken(written, bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context).map(|flushed| unless_broken(flushed, ()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context).map(|shut| unless_broken(shut, ()))
    }
}

fn unless_broken<T>(outcome: io::Result<T>, instead: T) -> io::Result<T> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(instead),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn what_nobody_reads_is_dropped_and_the_rest_arrives() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut input = Input(near);
        input.write_all(b"heard").await.unwrap();
        let mut heard = [0; 5];
        far.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"heard");
        drop(far);
        input.write_all(&[0; 1_000]).await.unwrap();
        input.flush().await.unwrap();
        input.shutdown().await.unwrap();
    }
}
