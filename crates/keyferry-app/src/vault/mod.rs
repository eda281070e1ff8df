//! The encrypted store on the person's machine: connections with their tokens, and installed servers.
//!
//! SQLite holds the rows; each secret column is sealed under the master key with the row's identity beside it. [`Vault`] runs every
//! statement away from the async runtime's threads.

mod audit;
mod connections;
mod error;
mod key;
pub(crate) mod private_file;
mod row;
mod schema;
mod seal;
mod servers;
mod turn;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

pub use audit::{AuditLine, AuditState, Event};
pub use connections::{ConnectionRecord, ConnectionState, Expected, LastFailure, Outline, Previous};
pub use error::VaultError;
pub use servers::{ServerHead, ServerRecord};
pub use turn::{Attempt, Journal, Turn};

use crate::{entropy::Entropy, home::DataFolder};
use seal::Sealer;

/// The database's file name in the data folder.
const DATABASE: &str = "vault.db";

/// The open vault. Clones share it.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    database: Mutex<rusqlite::Connection>,
    sealer: Sealer,
}

impl Vault {
    /// Opens the vault of a data folder, or makes it.
    ///
    /// # Errors
    /// [`VaultError`] when the key is gone or of another vault, when the file is no vault or a newer one, or when either can be read by
    /// others. Nothing is changed then.
    pub fn open(folder: &DataFolder, entropy: &Entropy) -> Result<Self, VaultError> {
        Self::open_at(folder.path(), entropy)
    }

    fn open_at(folder: &Path, entropy: &Entropy) -> Result<Self, VaultError> {
        let path = folder.join(DATABASE);
        let database_exists = path.symlink_metadata().is_ok();
        let sealer = Sealer::new(key::load(folder, database_exists, entropy)?, entropy.clone());
        let database = Mutex::new(schema::open(&path, &sealer)?);
        turn::prepare(folder)?;
        Ok(Self(Arc::new(Inner { folder: folder.to_owned(), database, sealer })))
    }

    /// Where the master key is, for people.
    #[must_use]
    pub const fn key_description(&self) -> &'static str {
        "a file of its own in the data folder, readable by you alone (vault.key)"
    }

    /// Runs statements on a thread of their own.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut rusqlite::Connection, &Sealer) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        self.on_thread(|inner| {
            // A panic in between can't have left a half transaction: SQLite rolls back what was not committed.
            let mut database = inner.database.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut database, &inner.sealer)
        })
        .await
    }

    /// Does what may wait for the disk.
    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let inner = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&inner));
        done.await.map_err(|_| VaultError::Interrupted)?
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Vault")
    }
}

#[cfg(test)]
mod tests;
