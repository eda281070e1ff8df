//! Who may use the gateway: one token a client, each in a file of its own in the data folder.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use super::{ClientError, ClientName};
use crate::{
    entropy::Entropy,
    home::{ApiToken, HomeError},
    runtime::make_private,
};

/// The folder of clients' tokens and records, within the data folder.
pub(crate) const FOLDER: &str = "clients";

/// The tokens of all clients.
#[derive(Debug, Default)]
pub(crate) struct ClientTokens(RwLock<BTreeMap<ClientName, ApiToken>>);

/// A client's token, as its bridge reads it.
///
/// # Errors
/// [`HomeError`] when there is none, or other users may have read it.
pub fn read_token(data_folder: &Path, name: ClientName) -> Result<ApiToken, HomeError> {
    ApiToken::read_file(&file(&data_folder.join(FOLDER), name))
}

fn file(folder: &Path, name: ClientName) -> PathBuf {
    folder.join(format!("{name}.token"))
}

impl ClientTokens {
    /// Reads the tokens of a folder. One that can't be read lets nobody in.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut tokens = BTreeMap::new();
        for name in ClientName::ALL {
            let file = file(folder, name);
            if fs::symlink_metadata(&file).is_err() {
                continue;
            }
            match ApiToken::read_file(&file) {
                Ok(token) => drop(tokens.insert(name, token)),
                Err(error) => tracing::warn!(client = %name, %error, "a client's token can't be read"),
            }
        }
        Self(RwLock::new(tokens))
    }

    /// Whether a client has a token.
    pub(crate) fn has(&self, name: ClientName) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&name)
    }

    /// The client whose token this is.
    pub(crate) fn find(&self, presented: &[u8]) -> Option<ClientName> {
        let tokens = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // All are compared, so that the time taken says nothing.
        tokens.iter().filter(|(_, token)| token.matches(presented)).fold(None, |_, (name, _)| Some(*name))
    }

    /// Gives a client a token, unless it has one.
    pub(super) fn give(&self, folder: &Path, name: ClientName, entropy: &Entropy) -> Result<(), ClientError> {
        if self.has(name) {
            return Ok(());
        }
        make_private(folder).map_err(|error| ClientError::io(folder, error))?;
        let file = file(folder, name);
        // One that can't be read would keep its client out.
        _ = fs::remove_file(&file);
        let token = ApiToken::create_file(&file, entropy.bytes())
            .map_err(|error| ClientError::io(&file, io::Error::other(error)))?;
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, token);
        Ok(())
    }

    /// Takes a client's token away, at once for all requests to come. Says whether it had one.
    pub(super) fn take(&self, folder: &Path, name: ClientName) -> Result<bool, ClientError> {
        let had = self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&name).is_some();
        let file = file(folder, name);
        match fs::remove_file(&file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(had),
            Err(error) => Err(ClientError::io(&file, error)),
        }
    }
}
