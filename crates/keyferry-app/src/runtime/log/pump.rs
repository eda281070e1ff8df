//! From a server's standard error into its log, for as long as the server speaks.

use std::{sync::Arc, time::Instant};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    task::{JoinHandle, spawn_blocking},
    time::{Duration, timeout},
};

use super::{
    LONGEST_LINE, Log, Mask, escaped,
    lines::{Line, Lines},
};

const CHUNK: usize = 64 * 1024;

/// Reads without pause, so that a server never waits for its log. Dropped, it stops reading.
pub(crate) struct Pump {
    task: JoinHandle<()>,
}

impl Pump {
    pub(crate) fn start(stderr: impl AsyncRead + Send + Unpin + 'static, mask: Arc<Mask>, log: Log) -> Self {
        Self { task: tokio::spawn(pump(stderr, mask, log)) }
    }

    /// Waits until everything that was said is in the log; no longer than this, for a process that left the group may hold the pipe.
    pub(crate) async fn finish(mut self, limit: Duration) {
        _ = timeout(limit, &mut self.task).await;
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pump(mut stderr: impl AsyncRead + Unpin, mask: Arc<Mask>, log: Log) {
    let mut lines = Lines::new(mask.window());
    let mut chunk = vec![0; CHUNK];
    loop {
        let (said, ended) = match stderr.read(&mut chunk).await {
            Ok(0) | Err(_) => (lines.finish().into_iter().collect(), true),
            Ok(length) => (lines.feed(chunk.get(..length).unwrap_or_default()), false),
        };
        if !said.is_empty() {
            let (mask, log) = (Arc::clone(&mask), log.clone());
            // The disk may be slow, and masking a flood takes its time: neither may hold up other servers.
            _ = spawn_blocking(move || {
                log.add(said.iter().map(|line| shown(line, &mask)).collect(), Instant::now());
            })
            .await;
        }
        if ended {
            return;
        }
    }
}

fn shown(line: &Line, mask: &Mask) -> String {
    let mut text = escaped(&mask.apply(&String::from_utf8_lossy(&line.bytes), line.cut));
    if line.cut || text.len() > LONGEST_LINE {
        text.truncate(text.floor_char_boundary(LONGEST_LINE));
        text.push_str(" […]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Launch, Limits, log::last_lines};
    use keyferry_core::secret::SecretText;
    use tokio::io::AsyncWriteExt as _;

    async fn logged(said: &[u8], pieces: usize) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.log");
        let launch = Launch {
            server: "notes".parse().unwrap(),
            program: "x".into(),
            args: vec![],
            environment: vec![("TOKEN".into(), SecretText::new("canary-0123456789").unwrap())],
            secrets: vec![],
            working_directory: "/".into(),
            files: vec![],
            home: "/".into(),
            place: crate::runtime::Place::Process,
        };
        let now = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
        let log = Log::open(&path, &Limits::default(), now).unwrap();
        let (mut server, stderr) = tokio::io::duplex(pieces);
        let pump = Pump::start(stderr, Arc::new(Mask::of(&launch)), log);
        server.write_all(said).await.unwrap();
        drop(server);
        pump.finish(Duration::from_secs(30)).await;
        last_lines(&path, 100).unwrap()
    }

    #[tokio::test]
    async fn a_secret_is_masked_however_the_bytes_come() {
        let said = b"using canary-0123456789 now\n\x1b[31mred\x1b[0m\rover\nno end canary-0123456789";
        let expected = [
            "1970-01-01T00:00:00.000Z using [TOKEN] now",
            "1970-01-01T00:00:00.000Z \\u{1b}[31mred\\u{1b}[0m\\rover",
            "1970-01-01T00:00:00.000Z no end [TOKEN]",
        ];
        for pieces in [1, 3, 16, 4096] {
            assert_eq!(logged(said, pieces).await, expected, "in pieces of {pieces}");
        }
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_cut_and_shows_no_part_of_a_secret() {
        for before in (LONGEST_LINE - 20)..(LONGEST_LINE + 40) {
            let mut said = vec![b'x'; before];
            said.extend_from_slice(b"canary-0123456789");
            said.extend(std::iter::repeat_n(b'y', 100_000));
            let lines = logged(&said, 65_536).await;
            assert_eq!(lines.len(), 1);
            assert!(lines[0].len() < LONGEST_LINE + 64);
            assert!(!lines[0].contains("cana"), "{before}");
        }
    }

    #[tokio::test]
    async fn bytes_that_are_no_text_do_not_stop_the_log() {
        let lines = logged(b"\xff\xfe\x00\nafter\n", 4096).await;
        assert!(lines[0].ends_with("\u{fffd}\u{fffd}\\u{0}"), "{lines:?}");
        assert!(lines[1].ends_with(" after"));
    }
}
