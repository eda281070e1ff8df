//! Credential files of a server: written into a home of its own before it starts, each whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use keyferry_core::delivery::RenderedFile;

use super::launch::make_private;
use crate::vault::private_file;

/// The home of a server with credential files, below its own folder.
const HOME: &str = "home";

/// Writes the files and tells the home. The person's own home is never written to, and no link in the way is followed.
///
/// # Errors
/// What the operating system says. A file that was there before is whole.
pub(super) fn write(server_folder: &Path, files: &[RenderedFile]) -> io::Result<PathBuf> {
    let home = server_folder.join(HOME);
    make_private(&home)?;
    for file in files {
        let mut folder = home.clone();
        let (name, folders) =
            file.names.split_last().ok_or_else(|| io::Error::other("a file without a name"))?;
        for part in folders {
            folder.push(part);
            make_private(&folder)?;
        }
        let path = folder.join(name);
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other(format!("{}: something else stands there", path.display())));
        }
        private_file::build(&path, |temporary, out| {
            io::Write::write_all(out, file.content.expose_secret().as_bytes())?;
            permit(temporary, file.mode)
        })?;
    }
    Ok(home)
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
        for text in ["one", "two"] {
            let home =
                write(folder.path(), &[file(&[".jira", "c.json"], 0o640, text), file(&["t"], 0o600, text)])
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
        let home = write(folder.path(), &[]).unwrap();
        symlink(elsewhere.path(), home.join(".jira")).unwrap();
        assert!(write(folder.path(), &[file(&[".jira", "c"], 0o600, "x")]).is_err());
        symlink(elsewhere.path().join("target"), home.join("c")).unwrap();
        assert!(write(folder.path(), &[file(&["c"], 0o600, "x")]).is_err());
        fs::create_dir(home.join("d")).unwrap();
        assert!(write(folder.path(), &[file(&["d"], 0o600, "x")]).is_err());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
