//! Messages from the client: one a line (MCP, "stdio"), none without a bound.

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// The longest message. The gateway takes none that is longer.
const LONGEST: usize = 16 * 1024 * 1024;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Message(Vec<u8>),
    /// It was skipped.
    TooLong,
}

pub(super) struct Lines<R> {
    input: R,
    longest: usize,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, longest: LONGEST }
    }

    /// The next line that is not empty; none at the end, or when the input can't be read any more.
    pub(super) async fn next(&mut self) -> Option<Line> {
        loop {
            let line = self.line().await?;
            if !matches!(&line, Line::Message(raw) if raw.iter().all(u8::is_ascii_whitespace)) {
                return Some(line);
            }
        }
    }

    async fn line(&mut self) -> Option<Line> {
        let (mut line, mut too_long, mut begun) = (Vec::new(), false, false);
        loop {
            let part = self.input.fill_buf().await.ok()?;
            if part.is_empty() {
                break;
            }
            begun = true;
            let end = part.iter().position(|&byte| byte == b'\n');
            let taken = part.get(..end.unwrap_or(part.len())).unwrap_or_default();
            too_long |= line.len() + taken.len() > self.longest;
            if !too_long {
                line.extend_from_slice(taken);
            }
            let used = taken.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        begun.then_some(if too_long { Line::TooLong } else { Line::Message(line) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_messages_and_one_that_is_too_long_is_skipped() {
        let input: &[u8] = b"{}\n\n \r\n0123456789\n{\"a\":1}\r\nlast";
        let mut lines = Lines { input, longest: 9 };
        let mut read = Vec::new();
        while let Some(line) = lines.next().await {
            read.push(line);
        }
        let message = |text: &str| Line::Message(text.as_bytes().to_vec());
        assert_eq!(read, [message("{}"), Line::TooLong, message("{\"a\":1}\r"), message("last")]);
    }
}
