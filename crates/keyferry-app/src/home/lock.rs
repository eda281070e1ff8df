//! The kernel lock that makes an app the one owner of its data folder.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
    thread,
    time::Duration,
};

use super::{DataFolder, HomeError, discovery};

const FILE_NAME: &str = "app.lock";

/// Programs that look for an app hold the lock for an instant ([`is_held`]), and must not make a start fail.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Held as long as this value lives, and freed by the kernel when its process ends in any way. Children don't inherit it,
/// for Rust opens files close-on-exec.
#[derive(Debug)]
pub(crate) struct AppLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl AppLock {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(folder: &DataFolder) -> Result<Self, HomeError> {
        let file = open(folder.path(), true)
            .map_err(|source| HomeError::NotWritable { path: folder.path().to_owned(), source })?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => {
                    return Err(HomeError::Unreadable { path: folder.path().join(FILE_NAME), source });
                }
            }
        }
        let address = discovery::announced(folder.path()).map(|running| running.address.to_string());
        Err(HomeError::AlreadyRunning { folder: folder.path().to_owned(), address })
    }
}

/// Whether an app holds the lock of this folder. Asks with a shared lock, so that askers don't disturb each other.
pub(super) fn is_held(folder: &Path) -> Result<bool, HomeError> {
    let unreadable = |source| HomeError::Unreadable { path: folder.join(FILE_NAME), source };
    let file = match open(folder, false) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(error) => return Err(unreadable(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(unreadable(error)),
    }
}

fn open(folder: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(create).create(create).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(folder.join(FILE_NAME))
}
