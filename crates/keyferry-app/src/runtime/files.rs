//! Credential files of a server: each whole or not at all, in a home of its own on this machine.
//!
//! A process finds them there by its `HOME`; a container sees the folders that hold them, read-only. Both see a new file by the
//! rename that puts it in the old one's place, so a reader has one or the other, never half.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use keyferry_core::delivery::RenderedFile;

use super::RuntimeError;
use crate::vault::private_file;

/// Writes the files. The person's own home is never written to, and no link in the way is followed. Blocks on the disk.
///
/// `owner`: who is to own them where that is not this user; then this user is root.
pub(crate) fn write(home: &Path, files: &[RenderedFile], owner: Option<u32>) -> Result<(), RuntimeError> {
    let failed = |error: io::Error| RuntimeError::Files { home: home.to_owned(), reason: error.to_string() };
    make_owned(home, owner).map_err(failed)?;
    files.iter().try_for_each(|file| write_one(home, file, owner)).map_err(failed)
}

fn write_one(home: &Path, file: &RenderedFile, owner: Option<u32>) -> io::Result<()> {
    let mut folder = home.to_owned();
    let (name, folders) = file.names.split_last().ok_or_else(|| io::Error::other("a file without a name"))?;
    for part in folders {
        folder.push(part);
        make_owned(&folder, owner)?;
    }
    let path = folder.join(name);
    if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other(format!("{}: something else stands there", path.display())));
    }
    private_file::build(&path, |temporary, out| {
        io::Write::write_all(out, file.content.expose_secret().as_bytes())?;
        permit(temporary, file.mode)?;
        give(temporary, owner)
    })
}

/// The folders, below the home, that hold the files; none of them lies in another. The home itself is the empty path.
pub(crate) fn folders(files: &[RenderedFile]) -> Vec<PathBuf> {
    let parent = |file: &RenderedFile| -> PathBuf {
        let folders = file.names.split_last().map(|(_, folders)| folders).unwrap_or_default();
        folders.iter().collect()
    };
    let mut all: Vec<_> = files.iter().map(parent).collect();
    all.sort();
    let mut outermost: Vec<PathBuf> = Vec::new();
    for folder in all {
        if !outermost.iter().any(|outer| folder.starts_with(outer)) {
            outermost.push(folder);
        }
    }
    outermost
}

/// Makes a folder that only its owner may enter; one that is there must be a folder and no link.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match fs::symlink_metadata(folder)?.is_dir() {
                true => Ok(()),
                false => Err(io::Error::other("something else stands there")),
            }
        }
        made => made,
    }
}

/// A private folder, whoever is to own it.
pub(crate) fn make_owned(folder: &Path, owner: Option<u32>) -> io::Result<()> {
    make_private(folder)?;
    give(folder, owner)
}

/// Never through a link: the path was just made or checked, and what could replace it since is the server itself, as that owner.
#[cfg(unix)]
fn give(path: &Path, owner: Option<u32>) -> io::Result<()> {
    let Some(owner) = owner else { return Ok(()) };
    let (user, group) = (rustix::fs::Uid::from_raw(owner), rustix::fs::Gid::from_raw(owner));
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    Ok(rustix::fs::chownat(rustix::fs::CWD, path, Some(user), Some(group), flags)?)
}

#[cfg(not(unix))]
fn give(_: &Path, _: Option<u32>) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn permit(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn permit(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use keyferry_core::secret::SecretText;

    use super::*;

    fn file(names: &[&str], mode: u32, text: &str) -> RenderedFile {
        RenderedFile {
            home: None,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            mode,
            content: SecretText::new(text).unwrap(),
        }
    }

    #[test]
    fn a_file_lies_in_the_servers_own_home_with_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        for text in ["one", "two"] {
            write(&home, &[file(&[".jira", "c.json"], 0o640, text), file(&["t"], 0o600, text)], None)
                .unwrap();
            assert_eq!(fs::read_to_string(home.join(".jira/c.json")).unwrap(), text);
            let mode = |path: &str| fs::metadata(home.join(path)).unwrap().permissions().mode() & 0o777;
            assert_eq!(
                (mode(""), mode(".jira"), mode(".jira/c.json"), mode("t")),
                (0o700, 0o700, 0o640, 0o600)
            );
            assert_eq!(fs::read_dir(home.join(".jira")).unwrap().count(), 1, "nothing half-written stays");
        }
    }

    #[test]
    fn a_link_that_a_server_planted_is_not_followed() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let home = folder.path().join("home");
        write(&home, &[], None).unwrap();
        symlink(elsewhere.path(), home.join(".jira")).unwrap();
        assert!(write(&home, &[file(&[".jira", "c"], 0o600, "x")], None).is_err());
        symlink(elsewhere.path().join("target"), home.join("c")).unwrap();
        assert!(write(&home, &[file(&["c"], 0o600, "x")], None).is_err());
        fs::create_dir(home.join("d")).unwrap();
        assert!(write(&home, &[file(&["d"], 0o600, "x")], None).is_err());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_folders_that_hold_the_files_are_told_without_those_below_them() {
        let of = |files: &[&[&str]]| {
            let files: Vec<_> = files.iter().map(|names| file(names, 0o600, "x")).collect();
            folders(&files).iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&[&[".a", "b", "f"], &[".a", "g"], &[".ab", "h"], &[".c", "d", "i"]]),
            [".a", ".ab", ".c/d"]
        );
        assert_eq!(of(&[&[".a", "f"], &[".netrc"]]), [""]);
        assert_eq!(of(&[]), [""; 0]);
    }
}
