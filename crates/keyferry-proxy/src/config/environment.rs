//! Where the settings are: the process's environment, a `.env` file, and the files that variables name. They may change while the proxy
//! serves.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use super::{DotEnv, DotEnvError};

/// How often the files are looked at. Mounted secrets are links that are moved, of which no system tells reliably.
const PAUSE: Duration = Duration::from_secs(3);

/// The settings' places.
pub struct Environment {
    process: fn(&str) -> Option<String>,
    path: PathBuf,
    dot_env: RwLock<DotEnv>,
    /// The `.env` file and those that variables named, as they were just before they were read: what changes while they are read is a
    /// change.
    seen: Mutex<BTreeMap<PathBuf, Stamp>>,
}

/// What a file looks like from outside.
type Stamp = Option<(SystemTime, u64, u64, (i64, i64))>;

// === impl Environment ===

impl Environment {
    /// The environment that `process` looks up, and the file at `path` behind it.
    ///
    /// # Errors
    /// [`DotEnvError`] for a file that can't be read.
    pub fn read(path: &Path, process: fn(&str) -> Option<String>) -> Result<Self, DotEnvError> {
        let seen = Mutex::new(BTreeMap::from([(path.to_owned(), stamp(path))]));
        let dot_env = RwLock::new(DotEnv::read(path)?);
        Ok(Self { process, path: path.to_owned(), dot_env, seen })
    }

    /// A variable's value. A file that it names is watched from now on.
    pub fn lookup(&self, name: &str) -> Option<String> {
        let dot_env = self.dot_env.read().unwrap_or_else(PoisonError::into_inner);
        let value = dot_env.behind(self.process)(name);
        if let Some(path) = value.as_ref().filter(|path| name.ends_with("_FILE") && !path.is_empty()) {
            let path = PathBuf::from(path);
            let looks = stamp(&path);
            self.seen().entry(path).or_insert(looks);
        }
        value
    }

    /// The names in the `.env` file, in order.
    pub fn named(&self) -> Vec<String> {
        let dot_env = self.dot_env.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = dot_env.names().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Reads the `.env` file anew. All that the variables name is to be read again after it.
    ///
    /// # Errors
    /// [`DotEnvError`]; what was read before stays.
    pub fn reread(&self) -> Result<(), DotEnvError> {
        self.see(self.stamps());
        let now = DotEnv::read(&self.path)?;
        *self.dot_env.write().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }

    /// Waits until one of the files is another one than was read, and has stayed so for a moment: who writes two that belong together is not
    /// caught in between.
    pub async fn changed(&self) {
        self.changed_for(PAUSE).await;
    }

    async fn changed_for(&self, pause: Duration) {
        let mut before = None;
        loop {
            tokio::time::sleep(pause).await;
            let now = self.stamps();
            let moved = now != *self.seen();
            if moved && before.as_ref() == Some(&now) {
                self.see(now);
                return;
            }
            before = Some(now);
        }
    }

    fn stamps(&self) -> BTreeMap<PathBuf, Stamp> {
        self.seen().keys().map(|path| (path.clone(), stamp(path))).collect()
    }

    fn see(&self, now: BTreeMap<PathBuf, Stamp>) {
        self.seen().extend(now);
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Stamp>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Environment").field("path", &self.path).finish_non_exhaustive()
    }
}

fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    // With the time of its last change of owner or mode: a file that could not be read until then is another one after it.
    #[cfg(unix)]
    let (inode, changed) = {
        use std::os::unix::fs::MetadataExt as _;
        (found.ino(), (found.ctime(), found.ctime_nsec()))
    };
    #[cfg(not(unix))]
    let (inode, changed) = (0, (0, 0));
    Some((found.modified().ok()?, found.len(), inode, changed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[tokio::test]
    async fn a_change_of_a_file_that_a_variable_names_is_noticed_once() {
        let folder = tempfile::tempdir().unwrap();
        let (dot_env, secret) = (folder.path().join(".env"), folder.path().join("secret"));
        fs::write(&secret, "one").unwrap();
        fs::write(&dot_env, format!("ACME_CLIENT_SECRET_FILE={}\n", secret.display())).unwrap();
        let environment = Environment::read(&dot_env, nothing).unwrap();
        assert_eq!(environment.named(), ["ACME_CLIENT_SECRET_FILE"]);
        assert_eq!(environment.lookup("ACME_CLIENT_SECRET_FILE").unwrap(), secret.to_str().unwrap());
        assert_eq!(environment.stamps().len(), 2);

        for change in [&secret, &dot_env] {
            let pause = Duration::from_millis(5);
            let wait = environment.changed_for(pause);
            tokio::pin!(wait);
            assert!(tokio::time::timeout(pause * 5, &mut wait).await.is_err(), "nothing has changed yet");
            // Renamed over, as those do it who write a secret whole.
            let new = folder.path().join("new");
            fs::write(&new, "ACME_CLIENT_ID=two\n").unwrap();
            fs::rename(&new, change).unwrap();
            let limit = Duration::from_secs(20);
            tokio::time::timeout(limit, wait).await.expect("a change went unnoticed");
        }
        environment.reread().unwrap();
        assert_eq!(environment.lookup("ACME_CLIENT_ID").unwrap(), "two");
        fs::write(&dot_env, "ACME_CLIENT_ID='").unwrap();
        assert!(environment.reread().is_err());
        assert_eq!(environment.lookup("ACME_CLIENT_ID").unwrap(), "two", "a slip took the settings away");
    }

    #[tokio::test]
    async fn a_change_is_noticed_although_nobody_waited_for_one_when_it_came() {
        let folder = tempfile::tempdir().unwrap();
        let (dot_env, secret) = (folder.path().join(".env"), folder.path().join("secret"));
        fs::write(&secret, "one").unwrap();
        fs::write(&dot_env, format!("ACME_CLIENT_SECRET_FILE={}\n", secret.display())).unwrap();
        let environment = Environment::read(&dot_env, nothing).unwrap();
        let (pause, limit) = (Duration::from_millis(5), Duration::from_secs(5));
        for text in ["second", "the third"] {
            environment.lookup("ACME_CLIENT_SECRET_FILE").unwrap();
            fs::write(&secret, text).unwrap();
            let noticed = tokio::time::timeout(limit, environment.changed_for(pause)).await;
            noticed.expect("a change went unnoticed");
            environment.reread().unwrap();
            let again = tokio::time::timeout(pause * 5, environment.changed_for(pause)).await;
            assert!(again.is_err(), "a change was noticed twice");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_gets_another_mode_has_changed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let dot_env = folder.path().join(".env");
        fs::write(&dot_env, "A=1\n").unwrap();
        let environment = Environment::read(&dot_env, nothing).unwrap();
        fs::set_permissions(&dot_env, fs::Permissions::from_mode(0o600)).unwrap();
        let limit = Duration::from_secs(5);
        let noticed = tokio::time::timeout(limit, environment.changed_for(Duration::from_millis(5))).await;
        noticed.expect("a change went unnoticed");
    }
}
