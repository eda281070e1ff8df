//! Where the vault lies: filled in memory, where a durable write costs nothing, and copied to the disk, where it is measured.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// The file system in memory that Linux has.
const MEMORY: &str = "/dev/shm";

/// The two folders. They go when this is dropped.
pub(super) struct Folders {
    memory: TempDir,
    disk: TempDir,
}

impl Folders {
    /// `disk` is a folder on the disk.
    pub(super) fn new(disk: PathBuf) -> Result<Self, String> {
        let memory = tempfile::tempdir_in(MEMORY).map_err(|error| format!("{MEMORY}: {error}"))?;
        let disk = tempfile::tempdir_in(&disk).map_err(|error| format!("{}: {error}", disk.display()))?;
        Ok(Self { memory, disk })
    }

    pub(super) fn memory(&self) -> &Path {
        self.memory.path()
    }

    pub(super) fn disk(&self) -> &Path {
        self.disk.path()
    }

    /// Copies everything, and says how long the vault is.
    pub(super) fn copy_to_disk(&self) -> Result<u64, String> {
        copy(self.memory(), self.disk()).map_err(|error| format!("copying the vault: {error}"))?;
        let vault = self.disk().join("data/vault.db").metadata();
        vault.map(|metadata| metadata.len()).map_err(|error| format!("vault.db: {error}"))
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            fs::set_permissions(&target, entry.metadata()?.permissions())?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            fs::File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}
