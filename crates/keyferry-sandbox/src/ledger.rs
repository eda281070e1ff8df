//! The list of every secret that the sandbox has issued, so that a test run can search its logs for each of them.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::secret::SandboxSecret;

/// How many secrets memory keeps; the oldest go first. The file, when there is one, keeps all.
const KEPT: usize = 200_000;

/// Every code, token, key and client secret issued, in order.
#[derive(Debug)]
pub(crate) struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Debug)]
struct Entries {
    kept: VecDeque<SandboxSecret>,
    file: Option<File>,
}

// === impl Ledger ===

impl Ledger {
    /// Opens the ledger; `file` is created with mode 0600 and appended to.
    pub(crate) fn open(file: Option<&Path>) -> io::Result<Self> {
        let file = file.map(open_private).transpose()?;
        Ok(Self { entries: Mutex::new(Entries { kept: VecDeque::new(), file }) })
    }

    /// Notes a secret down. It must succeed before the secret is handed out.
    pub(crate) fn record(&self, secret: &SandboxSecret) -> io::Result<()> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut entries.file {
            file.write_all(format!("{}\n", secret.expose_secret()).as_bytes())?;
        }
        if entries.kept.len() >= KEPT {
            entries.kept.pop_front();
        }
        entries.kept.push_back(secret.clone());
        Ok(())
    }

    /// The secrets in memory, oldest first.
    pub(crate) fn expose_all(&self) -> Vec<String> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.kept.iter().map(|secret| secret.expose_secret().to_owned()).collect()
    }
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
