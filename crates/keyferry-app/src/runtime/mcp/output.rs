//! A server's standard output, watched on its way to the MCP session.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::Notify,
};

/// How much of a line that is not MCP is kept, in bytes.
const SAMPLE: usize = 512;
/// Lines that are not MCP before a server that has not answered yet is given up: a banner is forgiven, a log on the wrong stream is not.
const FORGIVEN: usize = 100;

/// Reads the output and ends it when one message is longer than the limit.
///
/// A message is one line (MCP, "stdio"). Without this, a server that never ends its line would be read forever.
pub(crate) struct Output<R> {
    inner: R,
    limit: usize,
    line: usize,
    in_garbage: bool,
    over: bool,
    heard: Heard,
}

/// What was noticed on the way. Clones see the same.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    inner: Arc<Mutex<Noticed>>,
    hopeless: Arc<Notify>,
}

#[derive(Default)]
struct Noticed {
    sample: Vec<u8>,
    sample_done: bool,
    garbage_lines: usize,
    message: bool,
    too_large: bool,
}

/// The first line that was not MCP.
pub(crate) struct Garbage {
    pub(crate) text: String,
    /// Whether it is only the beginning.
    pub(crate) cut: bool,
}

impl<R> Output<R> {
    pub(crate) fn new(inner: R, limit: usize) -> (Self, Heard) {
        let heard = Heard::default();
        (Self { inner, limit, line: 0, in_garbage: false, over: false, heard: heard.clone() }, heard)
    }

    /// Notes what these bytes are. False when they make a line too long.
    fn judge(&mut self, bytes: &[u8]) -> bool {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.line == 0 {
                self.in_garbage = !matches!(part.first(), Some(b'{' | b'[' | b'\n' | b'\r'));
                self.heard.begin(self.in_garbage, part);
            }
            if self.in_garbage {
                self.heard.sample(part);
            }
            self.line += part.len();
            if self.line > self.limit {
                self.heard.lock().too_large = true;
                return false;
            }
            if part.ends_with(b"\n") {
                self.line = 0;
            }
        }
        true
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Output<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.over {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read
            && !self.judge(buffer.filled().get(before..).unwrap_or_default())
        {
            // To the session this is the end of the stream.
            self.over = true;
            buffer.set_filled(before);
        }
        read
    }
}

impl Heard {
    /// Comes back when so much that is not MCP was heard, and so little that is, that there is no point in waiting.
    pub(crate) async fn hopeless(&self) {
        self.hopeless.notified().await;
    }

    /// Whether a message above the limit was heard.
    pub(crate) fn too_large(&self) -> bool {
        self.lock().too_large
    }

    /// The first line that was not MCP.
    pub(crate) fn garbage(&self) -> Option<Garbage> {
        let noticed = self.lock();
        (noticed.garbage_lines > 0).then(|| Garbage {
            text: String::from_utf8_lossy(&noticed.sample).trim_end().to_owned(),
            cut: noticed.sample.len() == SAMPLE,
        })
    }

    fn begin(&self, garbage: bool, part: &[u8]) {
        let mut noticed = self.lock();
        if !garbage {
            noticed.message |= part.first() == Some(&b'{');
            return;
        }
        noticed.garbage_lines += 1;
        noticed.sample_done = noticed.garbage_lines > 1;
        if noticed.garbage_lines > FORGIVEN && !noticed.message {
            self.hopeless.notify_one();
        }
    }

    fn sample(&self, part: &[u8]) {
        let mut noticed = self.lock();
        if !noticed.sample_done {
            let room = SAMPLE.saturating_sub(noticed.sample.len());
            noticed.sample.extend(part.iter().take(room));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Noticed> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    async fn read(input: &[u8], limit: usize) -> (Vec<u8>, Heard) {
        let (mut output, heard) = Output::new(input, limit);
        let mut got = Vec::new();
        output.read_to_end(&mut got).await.unwrap();
        (got, heard)
    }

    #[tokio::test]
    async fn messages_pass_unchanged() {
        let input = b"{\"a\":1}\n\r\n{\"b\":2}\r\n{\"c\"";
        let (got, heard) = read(input, 10).await;
        assert_eq!(got, input);
        assert!(heard.garbage().is_none() && !heard.too_large());
    }

    #[tokio::test]
    async fn the_first_line_that_is_no_message_is_kept() {
        let long = format!("Welcome {}\nsecond\n{{}}\n", "x".repeat(2_000));
        let (_, heard) = read(long.as_bytes(), 10_000).await;
        let sample = heard.garbage().unwrap();
        assert!(sample.text.starts_with("Welcome xxx") && !sample.text.contains("second"));
        assert_eq!((sample.text.len(), sample.cut), (SAMPLE, true));
    }

    #[tokio::test]
    async fn a_message_above_the_limit_ends_the_stream() {
        for (input, over) in
            [("0123456789\n", true), ("{\"a\":123}\n", false), ("{}\n{\"long\": 12345", true)]
        {
            let (_, heard) = read(input.as_bytes(), 10).await;
            assert_eq!(heard.too_large(), over, "{input:?}");
        }
    }

    #[tokio::test]
    async fn a_banner_is_forgiven_and_a_flood_is_not() {
        use futures_util::FutureExt as _;
        let garbage = |lines: usize| "log line\n".repeat(lines);
        for (input, hopeless) in [
            (garbage(FORGIVEN), false),
            (garbage(FORGIVEN + 1), true),
            (format!("{{}}\n{}", garbage(FORGIVEN * 2)), false),
        ] {
            let (_, heard) = read(input.as_bytes(), 1_000).await;
            assert_eq!(heard.hopeless().now_or_never().is_some(), hopeless);
        }
    }
}
