//! What was fetched, as it is kept in the data folder: one file a list.

use std::{io, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    catalog::{Source, source::SourceId},
    runtime::make_private,
    vault::private_file,
};

/// The largest file. Above what a fetch takes in, with what JSON adds to it.
const LARGEST: u64 = 128 * 1024 * 1024;

/// A list at a URL, as it was when it was there last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Its URL.
    pub(crate) url: String,
    /// When it was there, changed or not.
    pub(crate) checked_at: Timestamp,
    /// Of the index.
    pub(super) validators: Validators,
    /// The manifests and files, in the order of the index.
    pub(crate) manifests: Vec<StoredManifest>,
    /// What of it could not be had.
    pub(crate) problems: Vec<String>,
    /// What the index itself has that is no manifest. Told again while it is unchanged.
    pub(super) index_problems: Vec<String>,
    /// Files of the index, whether they could be had or not.
    pub(super) files: Vec<StoredFile>,
}

/// One manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredManifest {
    /// What a finding calls it: its file, or its number in the index.
    pub(crate) label: String,
    /// Its number in the index.
    pub(super) number: usize,
    /// Its text.
    pub(crate) text: String,
    /// Where it is a file of its own.
    pub(super) validators: Option<Validators>,
}

/// A file that an index names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredFile {
    pub(super) number: usize,
    pub(super) path: String,
    pub(super) sha256: Option<String>,
}

/// By what it is asked whether something has changed (RFC 9110 §8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

/// The folder of what was fetched.
#[derive(Debug, Clone)]
pub(crate) struct Store(PathBuf);

// === impl Store ===

impl Store {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// What is kept of a list. A file that can't be read is as good as none: it is fetched again.
    pub(crate) fn read(&self, source: &Source) -> Option<Stored> {
        let path = self.path(&source.id());
        let text = match private_file::read(&path, LARGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "what was kept of a catalog can't be read");
                return None;
            }
        };
        let stored: Option<Stored> = serde_json::from_str(&text).ok();
        if stored.is_none() {
            tracing::warn!(file = %path.display(), "what was kept of a catalog is damaged; it is fetched again");
        }
        stored.filter(|stored| stored.url == source.to_string())
    }

    /// Keeps it, in the place of what was kept before.
    pub(crate) fn write(&self, source: &Source, stored: &Stored) -> io::Result<()> {
        make_private(&self.0)?;
        private_file::write(&self.path(&source.id()), &serde_json::to_vec(stored)?)
    }

    /// Forgets it.
    pub(crate) fn remove(&self, source: &Source) {
        match std::fs::remove_file(self.path(&source.id())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "what was kept of a catalog could not be removed");
            }
            _ => {}
        }
    }

    fn path(&self, id: &SourceId) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }
}
