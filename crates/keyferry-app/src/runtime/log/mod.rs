//! What a server says on its standard error, kept for the person.
//!
//! A log is two files of a bounded size, each line with its time, the launch's secrets replaced by their variables' names, and
//! every character escaped that a terminal would obey.

mod budget;
mod escape;
mod file;
mod follow;
mod lines;
mod mask;
mod pump;
mod read;

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

pub(crate) use escape::escaped;
pub(crate) use follow::after;
pub use follow::{Cursor, NoCursor};
pub(crate) use mask::Mask;
pub(crate) use pump::Pump;
pub(crate) use read::{last_lines, remove};

use crate::runtime::{Limits, servers::Now};
use budget::Budget;
use file::LogFile;

/// The longest line that is kept, in bytes; of a longer one the beginning.
pub(crate) const LONGEST_LINE: usize = 8 * 1024;
/// Lines kept in memory for error texts.
const REMEMBERED: usize = 6;
/// The longest line in an error text, in characters.
const LONGEST_SAID: usize = 300;

/// The log of one server while it runs. Clones write to the same files.
#[derive(Clone)]
pub(crate) struct Log {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    file: LogFile,
    budget: Budget,
    said: VecDeque<String>,
    now: Now,
}

impl Log {
    /// Opens the log for appending, in a folder that only its owner can enter.
    pub(crate) fn open(path: &Path, limits: &Limits, now: Now) -> std::io::Result<Self> {
        let file = LogFile::open(path, limits.log_file)?;
        let budget = Budget::new(limits.log_rate, Instant::now());
        Ok(Self { inner: Arc::new(Mutex::new(Inner { file, budget, said: VecDeque::new(), now })) })
    }

    /// Adds a line of ours.
    pub(crate) fn note(&self, text: &str) {
        self.lock().write(&format!("[keyferry] {text}"));
    }

    /// Adds lines of the server's, already masked and escaped. Blocks on the disk.
    pub(crate) fn add(&self, lines: Vec<String>, at: Instant) {
        let mut inner = self.lock();
        for line in lines {
            let (left_out, fits) = inner.budget.spend(line.len(), at);
            if left_out > 0 {
                inner.write(&format!(
                    "[keyferry] {left_out} lines left out: more than the log takes in a second"
                ));
            }
            if fits {
                inner.write(&line);
            }
            inner.remember(&line);
        }
    }

    /// The last lines the server said since this log was opened, short enough for an error text.
    pub(crate) fn said(&self) -> Vec<String> {
        self.lock().said.iter().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// A log that can't be written must not stop the server: what is lost is a line.
    fn write(&mut self, text: &str) {
        let at = (self.now)();
        if let Err(error) = self.file.write(&format!("{at:.3} {text}\n")) {
            tracing::debug!(%error, "a server's log can't be written");
        }
    }

    fn remember(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if self.said.len() == REMEMBERED {
            self.said.pop_front();
        }
        self.said.push_back(line.chars().take(LONGEST_SAID).collect());
    }
}
