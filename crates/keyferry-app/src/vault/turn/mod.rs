//! A connection's turn: the right to spend its refresh token, of which there is one among all threads and processes.
//!
//! It is a kernel lock on a file of the connection's own, so that it is free again when its holder dies in any way. The file is never
//! removed while the connection lives: whoever waited for a removed one would hold another lock than the next. It also holds the journal
//! of the spending ([`journal`]).

mod journal;

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use keyferry_core::id::ConnectionId;

pub use journal::{Attempt, Journal};

use super::{Inner, Vault, VaultError, private_file};
use crate::failpoint::failpoint;

/// The folder of these files in the data folder.
const FOLDER: &str = "journal";

/// How often a lock that another process holds is asked for. A refresh takes tens of milliseconds at least.
const PAUSE: Duration = Duration::from_millis(10);

/// How long it is asked for. Above what a refresh may take, its own limit at the proxy included.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Held as long as this value lives.
pub struct Turn {
    id: ConnectionId,
    path: PathBuf,
    file: Arc<File>,
    vault: Arc<Inner>,
}

impl Vault {
    /// Waits for a connection's turn.
    ///
    /// # Errors
    /// [`VaultError::Busy`] when another process does not give it up; [`VaultError::File`] and [`VaultError::Exposed`] for a file that
    /// can't be used.
    pub async fn turn(&self, id: &ConnectionId) -> Result<Turn, VaultError> {
        let path = self.journal_folder().join(id.as_str());
        let file = self.on_thread({
            let path = path.clone();
            move |_| open(&path).map_err(|error| VaultError::file(&path, error))
        });
        let file = Arc::new(file.await?);
        let waited = tokio::time::timeout(LONGEST_WAIT, async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
                    Err(TryLockError::Error(error)) => return Err(VaultError::file(&path, error)),
                }
            }
        });
        waited.await.unwrap_or(Err(VaultError::Busy))?;
        failpoint("K1");
        Ok(Turn { id: id.clone(), path, file, vault: Arc::clone(&self.0) })
    }

    /// The connections whose journal says that a spending was cut off.
    ///
    /// # Errors
    /// [`VaultError::File`].
    pub async fn interrupted(&self) -> Result<Vec<ConnectionId>, VaultError> {
        self.on_thread(|inner| interrupted(&inner.folder)).await
    }

    fn journal_folder(&self) -> PathBuf {
        self.0.folder.join(FOLDER)
    }
}

impl Turn {
    /// Removes the file, for its connection is gone. Who waits for it finds no connection.
    pub fn end(self) {
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(connection = %self.id, %error, "a connection's journal could not be removed");
        }
    }
}

/// Makes the folder of the journals, for its owner alone.
pub(super) fn prepare(folder: &Path) -> Result<(), VaultError> {
    let path = folder.join(FOLDER);
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_folder(&path) => Ok(()),
        made => made.map_err(|error| VaultError::file(&path, error)),
    }
}

/// The connections of a data folder whose journal says that a spending was cut off.
pub(super) fn interrupted(folder: &Path) -> Result<Vec<ConnectionId>, VaultError> {
    let folder = folder.join(FOLDER);
    let unreadable = |error| VaultError::file(&folder, error);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let length = entry.metadata().map_or(0, |metadata| metadata.len());
        found.extend(name.filter(|_| length > 0));
    }
    Ok(found)
}

/// Whether a connection's journal says that a spending was cut off.
pub(super) fn is_interrupted(folder: &Path, id: &ConnectionId) -> Result<bool, VaultError> {
    let path = folder.join(FOLDER).join(id.as_str());
    match path.symlink_metadata() {
        Ok(metadata) => Ok(metadata.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(VaultError::file(&path, error)),
    }
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

fn open(path: &Path) -> io::Result<File> {
    match private_file::open_to_write(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => private_file::create_empty(path),
        opened => opened,
    }
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Turn").field("id", &self.id).finish_non_exhaustive()
    }
}
