//! Files that only their owner may read: written whole or not at all, and refused when others could have read or written them.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
};

/// Writes a file atomically: a new one beside it with mode 0600 from its first moment, synced, renamed over the old one, and the folder
/// synced. A crash leaves the old file or the new.
///
/// # Errors
/// What the operating system says; the old file is untouched then.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    build(path, |_, file| file.write_all(bytes))
}

/// Writes a file as [`write()`] does, with what `fill` makes of the new one, whose path it is told.
///
/// # Errors
/// Those of `fill`, and what the operating system says; the old file is untouched then.
pub(crate) fn build(path: &Path, fill: impl FnOnce(&Path, &mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("the path has no folder"))?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| io::Error::other("the path has no name"))?;
    let temporary = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = create(&temporary).and_then(|mut file| {
        fill(&temporary, &mut file)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| std::fs::rename(&temporary, path)) {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(folder)
}

/// Puts a file that is whole in the place of another, and syncs the folder. A crash leaves the old file or the new.
///
/// # Errors
/// What the operating system says.
pub(crate) fn replace(new: &Path, path: &Path) -> io::Result<()> {
    File::open(new)?.sync_all()?;
    std::fs::rename(new, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// `NotFound` where there is none; `PermissionDenied`, with what to do, for a link, a foreign owner, or permissions beyond the owner's.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<String> {
    let file = open(path)?;
    let mut text = String::new();
    file.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {limit} bytes")));
    }
    Ok(text)
}

/// Refuses a file that another user could have read or written. For files that a library opens by their path.
///
/// # Errors
/// As [`read`].
pub(crate) fn check(path: &Path) -> io::Result<()> {
    open(path).map(drop)
}

/// Whether an error is this module's refusal of a file, and not the operating system's.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

/// Opens a file to read and write it.
///
/// # Errors
/// As [`read`].
pub(crate) fn open_to_write(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().read(true).write(true))
}

/// Makes an empty file that is there after a crash, or opens the one that another made at the same moment.
///
/// # Errors
/// As [`read`].
pub(crate) fn create_empty(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = open_with(path, &mut options)?;
    sync_folder(path.parent().unwrap_or(path))?;
    Ok(file)
}

fn refusal(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, reason)
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Left behind by a crash of a process with our number.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            options.open(path)
        }
        other => other,
    }
}

fn open(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().read(true))
}

const NOT_PLAIN: &str = "it is a link or no plain file; put a plain file in its place";

/// Opens a file and checks what was opened, so that nobody can swap it in between. No link is followed, and no pipe waited for.
#[cfg(unix)]
fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

    use rustix::{fs::OFlags, io::Errno};

    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = options.custom_flags(flags).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => refusal(NOT_PLAIN),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.nlink() > 1 {
        return Err(refusal(NOT_PLAIN));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refusal("it belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(refusal(
            "others can read or write it; run chmod 600 on it, and consider what it holds as known to them",
        ));
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.open(path)?;
    let plain = path.symlink_metadata()?.is_file();
    if plain { Ok(file) } else { Err(refusal(NOT_PLAIN)) }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone_from_its_first_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path, 10).unwrap(), "two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        assert_eq!(read(&path, 2).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_file_that_others_could_touch_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert_eq!(read(&path, 10).unwrap_err().kind(), io::ErrorKind::NotFound);
        write(&path, b"x").unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for other in [&link, &pipe, folder.path()] {
            assert!(is_refusal(&read(other, 10).unwrap_err()), "{}", other.display());
        }
        for mode in [0o640, 0o604, 0o620, 0o666] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(is_refusal(&read(&path, 10).unwrap_err()), "{mode:o}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::hard_link(&path, folder.path().join("second")).unwrap();
        assert!(is_refusal(&check(&path).unwrap_err()));
        std::fs::remove_file(folder.path().join("second")).unwrap();
        check(&path).unwrap();
        // Only root can give a file away.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
            assert_eq!(check(&path).unwrap_err().to_string(), "it belongs to another user");
        }
    }

    #[test]
    fn a_file_that_could_not_be_filled_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write(&path, b"old").unwrap();
        let failed = build(&path, |_, file| {
            file.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(read(&path, 10).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
