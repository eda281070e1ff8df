//! The file of access keys: entries come and go, and all else in it stays as people wrote it.
//!
//! Who has it open has its folder locked until it is written or let go of: with two who read it, change it and write it at the same time,
//! the second would bring a key back that the first has revoked.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{AccessKey, AccessKeys, InvalidAccessKeys};

/// What a key that is made here begins with, so that one that leaked is known for what it is.
const MARK: &str = "kfk_";
/// Longest file, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// A file of access keys. Opened a second time, by whomever, it waits for the first to end.
#[derive(Debug)]
pub struct KeyFile {
    path: PathBuf,
    /// The folder, locked. One that can't be is no hindrance to reading.
    folder: io::Result<File>,
    lines: Vec<Zeroizing<String>>,
}

/// A key that was just made. It is shown once, and kept nowhere.
pub struct NewKey(Zeroizing<String>);

/// Why a file of access keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The system's word.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// An entry that is none.
    #[error("{path}: {error}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// Why.
        error: InvalidAccessKeys,
    },
    /// No randomness.
    #[error("the system gives no randomness")]
    Randomness,
}

// === impl NewKey ===

impl NewKey {
    /// Draws 256 bits.
    ///
    /// # Errors
    /// [`KeyFileError::Randomness`].
    pub fn draw() -> Result<Self, KeyFileError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| KeyFileError::Randomness)?;
        Ok(Self(Zeroizing::new(format!("{MARK}{}", URL_SAFE_NO_PAD.encode(*bytes)))))
    }

    /// The key itself, for the one who gets it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("NewKey([redacted])")
    }
}

// === impl KeyFile ===

impl KeyFile {
    /// Reads a file; one that does not exist is empty.
    ///
    /// # Errors
    /// [`KeyFileError`] for one that can't be read, or that the proxy could not use.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeyFileError> {
        let path = path.into();
        let folder = locked(folder_of(&behind_links(&path)));
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Zeroizing::default(),
            Err(error) => return Err(KeyFileError::File { path, error }),
        };
        let lines = text.lines().map(|line| Zeroizing::new(line.to_owned())).collect();
        let file = Self { path, folder, lines };
        file.keys()?;
        Ok(file)
    }

    /// The entries.
    ///
    /// # Errors
    /// [`KeyFileError::Entry`].
    pub fn keys(&self) -> Result<AccessKeys, KeyFileError> {
        let text = Zeroizing::new(self.lines.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n"));
        AccessKeys::parse(&text).map_err(|error| KeyFileError::Entry { path: self.path.clone(), error })
    }

    /// Adds an entry at the end.
    pub fn add(&mut self, key: &AccessKey) {
        self.lines.push(Zeroizing::new(key.to_string()));
    }

    /// Takes the entries out that `gone` names. Says how many they were.
    pub fn revoke(&mut self, gone: impl Fn(&AccessKey) -> bool) -> usize {
        let mut count = 0;
        self.lines.retain_mut(|line| {
            if line.trim_start().starts_with('#') {
                return true;
            }
            let entries = line.split([',', ' ', '\t', '\r']).filter(|entry| !entry.is_empty());
            let goes = |entry: &&str| AccessKeys::parse(entry).is_ok_and(|keys| keys.iter().any(&gone));
            let (out, stay): (Vec<_>, Vec<_>) = entries.partition(goes);
            count += out.len();
            match (out.is_empty(), stay.is_empty()) {
                (true, _) => true,
                (false, true) => false,
                (false, false) => {
                    *line = Zeroizing::new(stay.join(" "));
                    true
                }
            }
        });
        count
    }

    /// Writes it: whole or not at all, and for its owner alone.
    ///
    /// # Errors
    /// [`KeyFileError::File`]; the old file is untouched then, but for one that was written and that the disk may yet lose.
    pub fn write(self) -> Result<(), KeyFileError> {
        let Self { path, folder, lines } = self;
        let written = folder.and_then(|folder| replace(&path, &folder, &lines));
        written.map_err(|error| KeyFileError::File { path, error })
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than 1 MiB"));
    }
    Ok(text)
}

/// The folder, for this process alone until it is closed. The lock is on the folder, since the file becomes another one.
fn locked(folder: &Path) -> io::Result<File> {
    let folder = File::open(folder)?;
    folder.lock()?;
    Ok(folder)
}

/// A link is followed: a mounted secret is one.
fn behind_links(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file beside the old one, synced and renamed over it.
fn replace(path: &Path, folder: &File, lines: &[Zeroizing<String>]) -> io::Result<()> {
    let path = behind_links(path);
    let temporary = beside(&path)?;
    let mut file = private(&temporary)?;
    fill(&mut file, lines)
        .and_then(|()| fs::rename(&temporary, &path))
        .inspect_err(|_| drop(fs::remove_file(&temporary)))?;
    folder.sync_all()
}

/// A name that nobody else has: in a container every process may have the same number.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path has no name"))?.to_string_lossy();
    let mut drawn = [0; 9];
    getrandom::fill(&mut drawn).map_err(io::Error::other)?;
    Ok(folder_of(path).join(format!(".{name}.{}.new", URL_SAFE_NO_PAD.encode(drawn))))
}

fn fill(file: &mut File, lines: &[Zeroizing<String>]) -> io::Result<()> {
    for line in lines {
        writeln!(file, "{}", line.as_str())?;
    }
    file.sync_all()
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, key: &NewKey) -> AccessKey {
        AccessKey::entry(name, key.expose_secret(), None, None).unwrap()
    }

    #[test]
    fn keys_come_and_go_and_notes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let [one, two, three] = [(); 3].map(|()| NewKey::draw().unwrap());
        let mut file = KeyFile::open(&path).unwrap();
        file.add(&entry("ada", &one));
        file.write().unwrap();
        let text = format!("# of the office\n{} {}\n\n", entry("bob", &two), entry("ada", &three));
        fs::write(&path, fs::read_to_string(&path).unwrap() + &text).unwrap();

        let mut file = KeyFile::open(&path).unwrap();
        assert_eq!(file.keys().unwrap().iter().count(), 3);
        assert_eq!(file.revoke(|key| &**key.caller() == "ada"), 2);
        assert_eq!(file.revoke(|key| &**key.caller() == "ada"), 0);
        assert!(!format!("{one:?}{file:?}").contains(one.expose_secret()));
        file.write().unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("# of the office\n{}\n\n", entry("bob", &two))
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn of_two_who_change_it_at_once_neither_loses_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let add_all = |name: &str| {
            for number in 0..20 {
                let mut file = KeyFile::open(&path).unwrap();
                file.add(&entry(&format!("{name}-{number}"), &NewKey::draw().unwrap()));
                file.write().unwrap();
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| add_all("ada"));
            scope.spawn(|| add_all("bob"));
        });
        let keys = KeyFile::open(&path).unwrap().keys().unwrap();
        let mut names: Vec<_> = keys.iter().map(|key| key.caller().to_string()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 40);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn a_write_that_fails_takes_away_nothing_but_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let others = folder.path().join(format!(".keys.{}.new", std::process::id()));
        fs::write(&others, "another's").unwrap();
        let mut file = KeyFile::open(&path).unwrap();
        file.add(&entry("ada", &NewKey::draw().unwrap()));
        fs::create_dir(&path).unwrap();
        assert!(matches!(file.write(), Err(KeyFileError::File { .. })));
        assert_eq!(fs::read_to_string(&others).unwrap(), "another's");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_written_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let mut file = KeyFile::open(&path).unwrap();
        file.add(&entry("ada", &NewKey::draw().unwrap()));
        file.write().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_the_proxy_could_not_use_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, "ada=short\n").unwrap();
        assert!(matches!(KeyFile::open(&path), Err(KeyFileError::Entry { .. })));
        assert!(matches!(KeyFile::open(folder.path()), Err(KeyFileError::File { .. })));
    }
}
