//! The system's keychain: Keychain on macOS, Credential Manager on Windows, the Secret Service elsewhere.
//!
//! The kernel's keyring of Linux is not among them: it forgets with the next start of the machine, and a lost master key is a lost vault.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use keyring_core::{CredentialStore, Entry, Error, Result};

use super::{KeyId, KeyStore, MasterKey};
use crate::vault::VaultError;

/// What the entries of all data folders are filed under.
const SERVICE: &str = "keyferry";

/// After this it is told that the keychain is waited for: it may have a window open that asks the person something.
const NOTICE: Duration = Duration::from_secs(2);

/// Why the keychain does not serve.
#[derive(Debug, thiserror::Error)]
pub enum KeychainError {
    /// There is none, or it can't be spoken with.
    #[error("the system's keychain can't be reached: {0}")]
    Unreachable(String),
    /// It is locked, and was not unlocked; or this program may not read it.
    #[error("the system's keychain is locked, or refuses this program: {0}")]
    Locked(String),
    /// It did not answer in time.
    #[error("the system's keychain did not answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// The entry is there and holds something else.
    #[error("the keychain's entry `{0}` does not hold this vault's key")]
    NotAKey(String),
    /// What it keeps is gone with the session.
    #[error("the system's keychain keeps what it is given for this session only")]
    NotPersistent,
}

impl KeychainError {
    pub(in crate::vault) const fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => {
                "start it and try again: no other key is made, for what is sealed would stay closed. On a machine without one, restore a backup with `keyferry vault restore`"
            }
            Self::Locked(_) => "unlock the keychain and try again",
            Self::Slow(_) => {
                "it may be asking you to unlock it: answer it and try again. A longer time is set with KEYFERRY_VAULT_KEYCHAIN_LIMIT"
            }
            Self::NotAKey(_) => {
                "look at the entry in your keychain; restore it, or restore a backup with `keyferry vault restore`"
            }
            Self::NotPersistent => {
                "make a lasting keyring the default one, or keep the key elsewhere: KEYFERRY_VAULT_KEY=passphrase"
            }
        }
    }
}

pub(super) struct Keychain {
    limit: Duration,
}

impl Keychain {
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit }
    }

    /// Runs one exchange with the keychain, and does not wait for ever: it may be hung, or ask a person who is not there.
    fn within<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, KeychainError> + Send + 'static,
    ) -> std::result::Result<T, VaultError> {
        let (done, answer) = mpsc::channel();
        let started = thread::Builder::new().name("keychain".to_owned()).spawn(move || done.send(work()));
        started.map_err(|error| KeychainError::Unreachable(error.to_string()))?;
        let notice = NOTICE.min(self.limit);
        let answered = answer.recv_timeout(notice).or_else(|_| {
            tracing::warn!(
                limit_s = self.limit.as_secs(),
                "the system's keychain has not answered yet; it may be asking you to unlock it"
            );
            answer.recv_timeout(self.limit.saturating_sub(notice))
        });
        // The channel is also closed when the library panics.
        Ok(answered.map_err(|_| KeychainError::Slow(self.limit))??)
    }
}

impl KeyStore for Keychain {
    fn get(&self, id: KeyId) -> std::result::Result<Option<MasterKey>, VaultError> {
        self.within(move || read(id, &entry(id)?))
    }

    fn put(&self, key: &MasterKey) -> std::result::Result<(), VaultError> {
        let key = key.clone();
        self.within(move || {
            let entry = entry(key.id())?;
            if read(key.id(), &entry)?.is_none() {
                entry.set_secret(key.expose_text().as_bytes()).map_err(told)?;
            }
            lasting(&entry)?;
            read(key.id(), &entry)?.map(drop).ok_or_else(|| KeychainError::NotAKey(name(key.id())))
        })
    }

    fn remove(&self, id: KeyId) -> std::result::Result<(), VaultError> {
        self.within(move || match entry(id)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(told(error)),
        })
    }

    fn holds(&self, id: KeyId) -> std::result::Result<bool, VaultError> {
        Ok(self.get(id)?.is_some())
    }

    fn forget_all_but(&self, _id: Option<KeyId>) -> std::result::Result<(), VaultError> {
        Ok(())
    }

    fn any(&self) -> std::result::Result<Option<MasterKey>, VaultError> {
        Ok(None)
    }
}

fn read(id: KeyId, entry: &Entry) -> std::result::Result<Option<MasterKey>, KeychainError> {
    let text = match entry.get_secret() {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(Error::NoEntry) => return Ok(None),
        Err(error) => return Err(told(error)),
    };
    let key = std::str::from_utf8(&text).ok().and_then(MasterKey::read).filter(|key| key.id() == id);
    key.map(Some).ok_or_else(|| KeychainError::NotAKey(name(id)))
}

fn name(id: KeyId) -> String {
    format!("vault-key-{id}")
}

fn entry(id: KeyId) -> std::result::Result<Entry, KeychainError> {
    store().and_then(|store| store.build(SERVICE, &name(id), None)).map_err(told)
}

/// The library's texts may hold what was read: those of the two kinds that don't are passed on.
fn told(error: Error) -> KeychainError {
    match error {
        Error::NoStorageAccess(error) => KeychainError::Locked(error.to_string()),
        Error::PlatformFailure(error) => KeychainError::Unreachable(error.to_string()),
        Error::Ambiguous(_) => KeychainError::NotAKey("of this key, found more than once".to_owned()),
        _ => KeychainError::Unreachable("it answers in a way that is not understood".to_owned()),
    }
}

#[cfg(target_os = "macos")]
fn store() -> Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn store() -> Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn store() -> Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// Refuses an entry in the collection of the session, which some desktops without a keyring make the default one.
#[cfg(all(unix, not(target_os = "macos")))]
fn lasting(entry: &Entry) -> std::result::Result<(), KeychainError> {
    use zbus_secret_service_keyring_store::cred::Wrapper;
    let credential = entry.get_credential().map_err(told)?;
    let path = credential.as_any().downcast_ref::<Wrapper>().map(Wrapper::get_path);
    if path.is_some_and(|path| path.contains("/collection/session/")) {
        let _ = entry.delete_credential();
        return Err(KeychainError::NotPersistent);
    }
    Ok(())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn lasting(_entry: &Entry) -> std::result::Result<(), KeychainError> {
    Ok(())
}
