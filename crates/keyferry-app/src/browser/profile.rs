//! The folders that a browser works in: one for each sign-in, thrown away afterwards; and one for each account that the person wants to
//! stay signed in to.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use keyferry_core::id::{ConnectionId, ProviderName};

use super::BrowserError;
use crate::runtime::files::make_private;

/// How often, and after what pause, a profile is removed again that somebody wrote into meanwhile.
const MOST_TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// All profiles, in a folder of the data folder.
#[derive(Debug, Clone)]
pub struct Profiles {
    folder: PathBuf,
    /// Kept profiles that a window works in.
    in_use: Arc<Mutex<HashSet<PathBuf>>>,
}

/// A profile that a window works in. Dropped, it is free again, or gone where it was for this once.
#[derive(Debug)]
pub struct Profile {
    path: PathBuf,
    kept: bool,
    in_use: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Profiles {
    /// The profiles of a folder. Nothing is made yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, in_use: Arc::default() }
    }

    fn passing(&self) -> PathBuf {
        self.folder.join("passing")
    }

    fn kept(&self, provider: &ProviderName, connection: &ConnectionId) -> PathBuf {
        self.folder.join("kept").join(format!("{provider}-{connection}"))
    }

    fn make(&self, folder: &Path) -> io::Result<()> {
        make_private(&self.folder)?;
        make_private(folder)
    }

    /// A new profile that is thrown away. `mark` tells it from the others.
    ///
    /// # Errors
    /// [`BrowserError::Profile`].
    pub fn once(&self, mark: &str) -> Result<Profile, BrowserError> {
        let path = self.passing().join(mark);
        self.make(&self.passing()).and_then(|()| make_private(&path)).map_err(BrowserError::Profile)?;
        Ok(Profile { path, kept: false, in_use: Arc::clone(&self.in_use) })
    }

    /// The profile that was kept for an account.
    ///
    /// # Errors
    /// [`BrowserError::InUse`] while another window works in it.
    pub fn of(
        &self,
        provider: &ProviderName,
        connection: &ConnectionId,
    ) -> Result<Option<Profile>, BrowserError> {
        let path = self.kept(provider, connection);
        if !path.is_dir() {
            return Ok(None);
        }
        let free = self.in_use.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
        let profile = Profile { path, kept: true, in_use: Arc::clone(&self.in_use) };
        if free {
            return Ok(Some(profile));
        }
        // Not this one's to set free.
        std::mem::forget(profile);
        Err(BrowserError::InUse)
    }

    /// Whether a profile is kept for an account.
    #[must_use]
    pub fn has(&self, provider: &ProviderName, connection: &ConnectionId) -> bool {
        self.kept(provider, connection).is_dir()
    }

    /// Keeps a profile for an account, in the place of one before it. The browser has ended.
    ///
    /// # Errors
    /// What the system says; the profile is thrown away then.
    pub fn keep(
        &self,
        mut profile: Profile,
        provider: &ProviderName,
        connection: &ConnectionId,
    ) -> io::Result<()> {
        if profile.kept {
            return Ok(());
        }
        let path = self.kept(provider, connection);
        self.make(&self.folder.join("kept"))?;
        remove(&path)?;
        fs::rename(&profile.path, &path)?;
        profile.path = path;
        profile.kept = true;
        Ok(())
    }

    /// Removes what is kept for an account.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget(&self, provider: &ProviderName, connection: &ConnectionId) -> io::Result<()> {
        remove(&self.kept(provider, connection))
    }

    /// Removes what an app before this one left because it was killed. No window is open yet.
    ///
    /// # Errors
    /// What the system says.
    pub fn sweep(&self) -> io::Result<()> {
        let left = match fs::read_dir(self.passing()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            left => left?,
        };
        left.flatten().try_for_each(|profile| remove(&profile.path()))
    }
}

impl Profile {
    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it stays.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.kept
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.path);
        if !self.kept
            && let Err(error) = remove(&self.path)
        {
            tracing::error!(%error, "a browser's profile could not be removed; the next start of the app tries again");
        }
    }
}

/// Removes a profile, and the folder beside it in which a browser that was killed leaves its socket.
fn remove(profile: &Path) -> io::Result<()> {
    if let Ok(socket) = fs::read_link(profile.join("SingletonSocket"))
        && let Some(folder) = socket.parent()
        && is_sockets(folder)
    {
        _ = fs::remove_dir_all(folder);
    }
    let mut left = MOST_TRIES;
    loop {
        match fs::remove_dir_all(profile) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            // A browser that was killed this moment may have written once more.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty && left > 0 => {
                left -= 1;
                std::thread::sleep(BETWEEN_TRIES);
            }
            removed => return removed,
        }
    }
}

/// Whether a folder is one that Chromium makes for its socket, in the temporary folder of this system. A link in a profile leads to no
/// other.
fn is_sockets(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let made = name.trim_start_matches('.').split('.').take(2).eq(["org", "chromium"])
        || name.trim_start_matches('.').starts_with("com.google.Chrome")
        || name.trim_start_matches('.').starts_with("com.microsoft.Edge")
        || name.trim_start_matches('.').starts_with("com.brave.Browser");
    let there = fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir());
    made && there && folder.parent() == Some(std::env::temp_dir().as_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> (ProviderName, ConnectionId) {
        ("acme-browser".parse().unwrap(), ConnectionId::from_entropy([7; 8]))
    }

    #[test]
    fn a_profile_is_gone_with_its_sign_in_unless_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::new(folder.path().join("browser"));
        let (provider, connection) = names();
        let first = profiles.once("a").unwrap();
        let path = first.path().to_owned();
        fs::write(path.join("Cookies"), "canary").unwrap();
        drop(first);
        assert!(!path.exists());

        let second = profiles.once("b").unwrap();
        fs::write(second.path().join("Cookies"), "kept").unwrap();
        profiles.keep(second, &provider, &connection).unwrap();
        assert!(profiles.has(&provider, &connection));
        let again = profiles.of(&provider, &connection).unwrap().unwrap();
        assert_eq!(fs::read_to_string(again.path().join("Cookies")).unwrap(), "kept");
        assert!(matches!(profiles.of(&provider, &connection), Err(BrowserError::InUse)));
        drop(again);
        assert!(profiles.of(&provider, &connection).unwrap().is_some(), "it is free again");
        profiles.forget(&provider, &connection).unwrap();
        assert!(profiles.of(&provider, &connection).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_a_profile() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::new(folder.path().join("browser"));
        let profile = profiles.once("a").unwrap();
        for path in [profile.path(), profile.path().parent().unwrap(), &folder.path().join("browser")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_app_left_is_swept_and_a_link_leads_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::new(folder.path().join("browser"));
        let (provider, connection) = names();
        profiles.keep(profiles.once("k").unwrap(), &provider, &connection).unwrap();
        let left = profiles.once("left").unwrap();
        let path = left.path().to_owned();
        std::mem::forget(left);
        let precious = folder.path().join("org.chromium.precious");
        fs::create_dir(&precious).unwrap();
        std::os::unix::fs::symlink(precious.join("SingletonSocket"), path.join("SingletonSocket")).unwrap();
        let socket = std::env::temp_dir().join(format!("org.chromium.Chromium.kf{}", std::process::id()));
        fs::create_dir(&socket).unwrap();
        let other = profiles.once("other").unwrap();
        std::os::unix::fs::symlink(socket.join("SingletonSocket"), other.path().join("SingletonSocket"))
            .unwrap();
        std::mem::forget(other);
        profiles.sweep().unwrap();
        assert!(!path.exists() && !socket.exists());
        assert!(precious.exists() && profiles.has(&provider, &connection));
    }
}
