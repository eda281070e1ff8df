//! The encrypted store on the person's machine: connections with their tokens, and installed servers.
//!
//! SQLite holds the rows; each secret column is sealed under the master key with the row's identity beside it. [`Vault`] runs every
//! statement away from the async runtime's threads.

mod audit;
#[cfg(feature = "bench")]
pub mod bench;
mod connections;
mod error;
mod keys;
pub(crate) mod private_file;
mod rotation;
mod row;
mod schema;
mod seal;
mod sealed;
mod servers;
mod turn;
mod unlock;
pub mod upkeep;
mod vault_row;

use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use audit::{AuditLine, AuditState, Event};
pub use connections::{ConnectionRecord, ConnectionState, Expected, LastFailure, Outline, Previous};
pub use error::VaultError;
pub use keys::{
    Ask, KEYCHAIN_LIMIT, KeyAccess, KeyPlace, KeychainError, PassphraseError, Passphrases, UnknownPlace,
};
pub use servers::{ServerHead, ServerRecord};
pub use turn::{Attempt, Journal, Turn};

use hkdf::Hkdf;
use sha2::Sha256;
use tokio::sync::broadcast;
use zeroize::Zeroizing;

use crate::{entropy::Entropy, events::Change, home::DataFolder};
use keys::{MasterKey, Stores};
use seal::Sealer;
use unlock::{Unlocked, unlock};

/// The database's file name in the data folder.
const DATABASE: &str = "vault.db";

/// The open vault. Clones share it.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    database: Mutex<rusqlite::Connection>,
    sealer: Sealer,
    root: MasterKey,
    place: KeyPlace,
    /// Rows that have changed, for whoever shows them.
    told: broadcast::Sender<Change>,
    /// The file that is open, wherever it is by now.
    #[cfg(unix)]
    opened: FileId,
}

/// Changes that whoever listens has not heard of yet. One that misses some is told so.
const MOST_UNHEARD: usize = 1024;

/// Device and number of a file.
#[cfg(unix)]
type FileId = (u64, u64);

impl Vault {
    /// Opens the vault of a data folder, or makes it. May wait for a keychain, a passphrase and the disk: not for an async thread.
    ///
    /// # Errors
    /// [`VaultError`] when the key is gone or of another vault, when its place can't be reached, when the file is no vault or a newer one,
    /// or when either can be read by others. Nothing is changed then.
    pub fn open(folder: &DataFolder, access: &KeyAccess, entropy: &Entropy) -> Result<Self, VaultError> {
        Self::open_at(folder.path(), access, entropy)
    }

    fn open_at(folder: &Path, access: &KeyAccess, entropy: &Entropy) -> Result<Self, VaultError> {
        let (path, stores) = (folder.join(DATABASE), Stores { folder, access, entropy });
        let mut made = None;
        if let Err(error) = path.symlink_metadata() {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(VaultError::file(&path, error));
            }
            let (place, key) = keys::make(&stores)?;
            schema::make(&path, place, &Sealer::new(&key, entropy.clone()))?;
            made = Some(key);
        }
        let mut unlocked = unlock(&path, &stores, made)?;
        tell_of_another_wish(access, unlocked.place);
        go_on(&mut unlocked);
        let Unlocked { database, sealer, root, place, .. } = unlocked;
        turn::prepare(folder)?;
        #[cfg(unix)]
        let opened = file_id(&path)?;
        Ok(Self(Arc::new(Inner {
            #[cfg(unix)]
            opened,
            folder: folder.to_owned(),
            database: Mutex::new(database),
            sealer,
            root,
            place,
            told: broadcast::Sender::new(MOST_UNHEARD),
        })))
    }

    /// Where the master key is, for people.
    #[must_use]
    pub fn key_description(&self) -> &'static str {
        self.0.place.description()
    }

    /// A key for another purpose, such as a fingerprint that must not be guessed. It stays the same when the master key moves or changes.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let derived =
            Hkdf::<Sha256>::new(None, self.0.root.expose_bytes()).expand(purpose.as_bytes(), &mut *key);
        // HKDF gives up to 255 blocks (RFC 5869 §2.3), and this is one.
        debug_assert!(derived.is_ok());
        key
    }

    /// Connections and servers that change from now on.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.told.subscribe()
    }

    /// Runs statements on a thread of their own.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut rusqlite::Connection, &Sealer) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        self.on_thread(|inner| work(&mut inner.database(), &inner.sealer)).await
    }

    /// Runs statements that change what is shown, and tells of it once they have.
    async fn run_and_tell<T: Send + 'static>(
        &self,
        change: Change,
        work: impl FnOnce(&mut rusqlite::Connection, &Sealer) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        self.on_thread(|inner| inner.telling(change, work)).await
    }

    /// Likewise, where they change what must still be there after this process.
    async fn write_and_tell<T: Send + 'static>(
        &self,
        change: Change,
        work: impl FnOnce(&mut rusqlite::Connection, &Sealer) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        self.on_thread(|inner| {
            inner.telling(change, |database, sealer| {
                inner.check_place()?;
                work(database, sealer)
            })
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

impl Inner {
    /// The database, as soon as nobody else of this process is at it. A panic in between can't have left a half transaction: SQLite rolls
    /// back what was not committed.
    fn database(&self) -> MutexGuard<'_, rusqlite::Connection> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn telling<T>(
        &self,
        change: Change,
        work: impl FnOnce(&mut rusqlite::Connection, &Sealer) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let done = work(&mut self.database(), &self.sealer)?;
        // That nobody listens is fine.
        _ = self.told.send(change);
        Ok(done)
    }

    /// Refuses a database whose file was taken away: SQLite would go on writing to it, and nobody would find it again.
    fn check_place(&self) -> Result<(), VaultError> {
        #[cfg(unix)]
        {
            let path = self.folder.join(DATABASE);
            if !file_id(&path).is_ok_and(|now| now == self.opened) {
                return Err(VaultError::Gone(path));
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn file_id(path: &Path) -> Result<FileId, VaultError> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = path.symlink_metadata().map_err(|error| VaultError::file(path, error))?;
    Ok((metadata.dev(), metadata.ino()))
}

/// A setting moves no key: what was chosen at the first start, or by `vault move`, holds.
fn tell_of_another_wish(access: &KeyAccess, place: KeyPlace) {
    if let Some(wanted) = access.place.filter(|wanted| *wanted != place) {
        tracing::warn!(%place, %wanted, "the setting vault.key names another place than the master key's; `keyferry vault move --to {wanted}` moves it");
    }
}

/// Goes on with a rotation that was cut off. What stops it stops no start: both keys open.
fn go_on(unlocked: &mut Unlocked) {
    if unlocked.sealer.previous_key().is_none() {
        return;
    }
    match rotation::carry_on(unlocked, &mut |_| ControlFlow::Continue(())) {
        Ok(rotated) if rotated.finished => {
            tracing::info!(resealed = rotated.resealed, "a rotation of the master key was finished");
        }
        Ok(rotated) => tracing::warn!(
            stuck = rotated.stuck.len(),
            "the old master key is kept, for some values should open with it and do not; `keyferry vault rotate` names them"
        ),
        Err(error) => tracing::warn!(%error, "a rotation of the master key could not be finished now"),
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Vault")
    }
}

#[cfg(test)]
mod tests;
