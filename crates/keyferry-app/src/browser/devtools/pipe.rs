//! Messages of the protocol on a pipe: JSON, each ended by a NUL.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

/// The longest message that is read. What is asked for is bounded where it is asked; an event carries a page's URL at most.
const LONGEST: usize = 16 * 1024 * 1024;

/// Reads messages. Each may hold a token, and is wiped when it is dropped.
#[derive(Debug)]
pub(super) struct Messages<R> {
    from: R,
    /// What was read behind the last message.
    rest: Zeroizing<Vec<u8>>,
}

impl<R: AsyncRead + Unpin> Messages<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, rest: Zeroizing::default() }
    }

    /// The next message; none at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let mut searched = 0;
        loop {
            let unsearched = self.rest.get(searched..).unwrap_or_default();
            if let Some(at) = unsearched.iter().position(|byte| *byte == 0) {
                let end = searched + at;
                let rest = Zeroizing::new(self.rest.get(end + 1..).unwrap_or_default().to_vec());
                self.rest.truncate(end);
                return Ok(Some(std::mem::replace(&mut self.rest, rest)));
            }
            searched = self.rest.len();
            if searched > LONGEST {
                return Err(io::Error::other("a message is too long"));
            }
            let mut chunk = Zeroizing::new([0; 64 * 1024]);
            let read = self.from.read(chunk.as_mut_slice()).await?;
            if read == 0 {
                return Ok(None);
            }
            self.rest.extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
    }
}

/// Writes one message.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), message: &str) -> io::Result<()> {
    to.write_all(message.as_bytes()).await?;
    to.write_all(&[0]).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Vec<String> {
        let mut messages = Messages::new(bytes);
        let mut all = Vec::new();
        while let Ok(Some(message)) = messages.next().await {
            all.push(String::from_utf8(message.to_vec()).unwrap());
        }
        all
    }

    #[tokio::test]
    async fn a_message_ends_with_its_nul() {
        assert_eq!(read(b"{\"a\":1}\0{}\0half").await, ["{\"a\":1}", "{}"]);
        assert_eq!(read(b"\0\0").await, ["", ""]);
        assert!(read(b"").await.is_empty());
        let long = [vec![b'x'; 200_000], vec![0], vec![b'y'; 3], vec![0]].concat();
        assert_eq!(read(&long).await.iter().map(String::len).collect::<Vec<_>>(), [200_000, 3]);
        assert!(read(&vec![b'x'; LONGEST + 70_000]).await.is_empty());
    }
}
