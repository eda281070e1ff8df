//! The streams of an attached container, each by itself.

use std::pin::Pin;

use bollard::container::{AttachContainerResults, LogOutput};
use futures_util::StreamExt as _;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex},
    task::JoinHandle,
};

/// As much as waits for a reader.
const ROOM: usize = 64 * 1024;

/// Standard input, output and error of a container.
pub(super) struct Streams {
    pub(super) stdin: DuplexStream,
    pub(super) stdout: DuplexStream,
    pub(super) stderr: DuplexStream,
}

/// What carries the streams. Dropped, it carries no more, and the engine closes the container's standard input.
#[derive(Debug)]
pub(super) struct Carriers([JoinHandle<()>; 2]);

/// Takes the one stream of an attached container apart.
pub(super) fn apart(attached: AttachContainerResults) -> (Streams, Carriers) {
    let AttachContainerResults { mut output, input } = attached;
    let (stdin, to_server) = duplex(ROOM);
    let (mut out, stdout) = duplex(ROOM);
    let (mut err, stderr) = duplex(ROOM);
    let inward = tokio::spawn(carry_in(to_server, input));
    let outward = tokio::spawn(async move {
        // What ends the stream ends the container, or the engine: either is told by the container's end.
        while let Some(Ok(piece)) = output.next().await {
            // Who reads no more must not keep the other stream from being read.
            match piece {
                LogOutput::StdOut { message } | LogOutput::Console { message } => {
                    _ = out.write_all(&message).await;
                }
                LogOutput::StdErr { message } => _ = err.write_all(&message).await,
                LogOutput::StdIn { .. } => {}
            }
        }
    });
    (Streams { stdin, stdout, stderr }, Carriers([inward, outward]))
}

/// Carries on until the app closes its end, then closes the container's.
async fn carry_in(mut from: DuplexStream, mut to: Pin<Box<dyn AsyncWrite + Send>>) {
    _ = tokio::io::copy(&mut from, &mut to).await;
    _ = to.shutdown().await;
}

impl Drop for Carriers {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
