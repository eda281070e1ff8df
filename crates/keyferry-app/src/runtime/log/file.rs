//! A file that only its owner reads and that does not grow: when it is full it becomes the one before.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl LogFile {
    pub(super) fn open(path: &Path, limit: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            create_private_folder(folder)?;
        }
        let (file, size) = append_to(path)?;
        Ok(Self { path: path.to_owned(), file, size, limit })
    }

    /// Adds a line. The two files together stay within twice the limit.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let length = line.len() as u64;
        if self.size > 0 && self.size + length > self.limit {
            fs::rename(&self.path, before(&self.path))?;
            (self.file, self.size) = append_to(&self.path)?;
        }
        self.size += length;
        self.file.write_all(line.as_bytes())
    }
}

/// The file that was current before this one.
pub(super) fn before(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".1");
    PathBuf::from(name)
}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // A link could lead the log, and the permissions below, anywhere.
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Err(io::Error::other("something else stands where the folder of the logs should be"));
    }
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

fn append_to(path: &Path) -> io::Result<(File, u64)> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    private(&mut options);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// 0600 from the first moment, and never through a link that somebody has put there.
#[cfg(unix)]
pub(super) fn private(options: &mut fs::OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
}

#[cfg(not(unix))]
pub(super) fn private(_options: &mut fs::OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_never_hold_more_than_twice_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/notes.log");
        let mut log = LogFile::open(&path, 100).unwrap();
        for number in 0..1_000 {
            log.write(&format!("line {number:04}\n")).unwrap();
        }
        drop(log);
        let size = |path: &Path| fs::metadata(path).unwrap().len();
        assert_eq!((size(&path), size(&before(&path))), (100, 100));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2);
        let mut log = LogFile::open(&path, 100).unwrap();
        log.write("after a restart\n").unwrap();
        assert!(fs::read_to_string(before(&path)).unwrap().ends_with("line 0999\n"));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it_and_no_link_is_followed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/notes.log");
        drop(LogFile::open(&path, 100).unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        drop(LogFile::open(&path, 100).unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));

        let planted = folder.path().join("logs/planted.log");
        symlink(folder.path().join("elsewhere"), &planted).unwrap();
        assert!(LogFile::open(&planted, 100).is_err());
        assert!(!folder.path().join("elsewhere").exists());

        let linked = folder.path().join("linked");
        let target = folder.path().join("target");
        fs::create_dir(&target).unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        symlink(&target, &linked).unwrap();
        assert!(LogFile::open(&linked.join("notes.log"), 100).is_err());
        assert_eq!((mode(&target), fs::read_dir(&target).unwrap().count()), (0o755, 0));
    }
}
