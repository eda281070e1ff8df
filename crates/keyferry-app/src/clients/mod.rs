//! MCP clients of other makers that use the gateway: each has a token of its own, and an entry in its own configuration.
//!
//! The entry starts `keyferry bridge --client NAME`, which reads the token from the data folder: no secret stands in a client's
//! configuration. To take a client's token away is to end its access, whatever its configuration says.
//!
//! - `known`: the clients, where their configuration lies, and what an entry looks like there
//! - `json`, `toml`: an entry put into a file and taken out again, all else left byte for byte
//! - `configuration`: the file itself: backed up, replaced in one step
//! - `record`: what was written, so that it can be undone
//! - `tokens`: who may use the gateway

mod configuration;
mod error;
mod json;
mod known;
mod record;
mod tokens;
mod toml;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use keyferry_core::{id::ServerName, manifest::Platform};

pub use error::ClientError;
pub use known::ClientName;
pub(crate) use tokens::ClientTokens;
pub use tokens::read_token;

use configuration::Configuration;
use known::Entry;
use record::Record;

use crate::{clock::Clock, entropy::Entropy};

/// The clients of one person.
#[derive(Debug)]
pub(crate) struct Clients {
    parts: Parts,
    tokens: Arc<ClientTokens>,
    /// One change at a time: two would overwrite each other's file.
    turn: Mutex<()>,
}

/// What clients are made of.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The folder of their tokens and records, within the data folder.
    pub(crate) folder: PathBuf,
    /// The data folder, where it is not the platform's own: an entry names it then.
    pub(crate) data_folder: Option<PathBuf>,
    /// The program that an entry starts.
    pub(crate) program: PathBuf,
    /// The variables by which clients' own folders are found.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The platform.
    pub(crate) platform: Platform,
    /// The time, for the names of backups.
    pub(crate) clock: Clock,
    /// Randomness for tokens.
    pub(crate) entropy: Entropy,
}

/// What connecting a client comes to.
#[derive(Debug)]
pub(crate) struct Connected {
    /// Its configuration.
    pub(crate) path: PathBuf,
    /// The configuration as it was; none where there was none, or where nothing changed.
    pub(crate) backup: Option<PathBuf>,
    /// Whether the file changed.
    pub(crate) changed: bool,
}

/// What disconnecting a client comes to.
#[derive(Debug)]
pub(crate) struct Disconnected {
    /// Its configuration.
    pub(crate) path: PathBuf,
    /// Whether the file is byte for byte what it was before.
    pub(crate) restored: bool,
    /// Whether it had an entry or a token.
    pub(crate) was_connected: bool,
}

/// A client as it stands.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Which.
    pub(crate) name: ClientName,
    /// Its configuration, where this platform has a place for it.
    pub(crate) path: Option<PathBuf>,
    /// Whether it seems to be installed.
    pub(crate) installed: bool,
    /// Whether it has a token.
    pub(crate) connected: bool,
}

impl Clients {
    /// The clients of a data folder.
    pub(crate) fn open(parts: Parts) -> Self {
        let tokens = Arc::new(ClientTokens::read(&parts.folder));
        Self { parts, tokens, turn: Mutex::default() }
    }

    /// Who may use the gateway.
    pub(crate) fn tokens(&self) -> Arc<ClientTokens> {
        Arc::clone(&self.tokens)
    }

    /// All known clients.
    pub(crate) fn list(&self) -> Vec<Standing> {
        let standing = |name: ClientName| {
            let path = self.path(name).ok();
            let installed = path.as_deref().and_then(Path::parent).is_some_and(Path::is_dir)
                && path.as_deref().is_some_and(|path| name.seems_installed(path));
            Standing { name, path, installed, connected: self.tokens.has(name) }
        };
        ClientName::ALL.into_iter().map(standing).collect()
    }

    /// What would be written, and where.
    pub(crate) fn preview(
        &self,
        name: ClientName,
        server: Option<&ServerName>,
    ) -> Result<(PathBuf, String), ClientError> {
        let path = self.path(name)?;
        Ok((path, name.shown(&self.entry(name, server))))
    }

    /// Gives a client a token, and writes its entry.
    pub(crate) fn connect(
        &self,
        name: ClientName,
        server: Option<&ServerName>,
    ) -> Result<Connected, ClientError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(name)?;
        if !path.parent().is_some_and(Path::is_dir) {
            return Err(ClientError::NotInstalled { client: name, path });
        }
        let entry = self.entry(name, server);
        let configuration = Configuration::read(&path)?;
        let text = name.put(configuration.text(), &entry).map_err(|problem| problem.at(&path))?;
        // First the token: an entry whose bridge is turned away would be the worse half.
        self.tokens.give(&self.parts.folder, name, &self.parts.entropy)?;
        if configuration.is(&text) {
            return Ok(Connected { path, backup: None, changed: false });
        }
        let backup = configuration.back_up(self.parts.clock.now())?;
        Record::of(&self.parts.folder, name, &path)?.grow(&configuration, backup.as_deref(), &text)?;
        configuration.replace(&text)?;
        tracing::info!(client = %name, path = %path.display(), "a client was connected");
        Ok(Connected { path, backup, changed: true })
    }

    /// Takes a client's token and entry away.
    pub(crate) fn disconnect(&self, name: ClientName) -> Result<Disconnected, ClientError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // First the token: what is done to the file then is tidiness.
        let had_token = self.tokens.take(&self.parts.folder, name)?;
        let path = self.path(name)?;
        let configuration = Configuration::read(&path)?;
        let record = Record::of(&self.parts.folder, name, &path)?;
        let (had_entry, restored) = if let Some(before) = record.before(&configuration)? {
            match before {
                Some(text) => configuration.replace(&text)?,
                None => fs::remove_file(&path).map_err(|error| ClientError::io(&path, error))?,
            }
            (true, true)
        } else {
            let taken = name.take(configuration.text()).map_err(|problem| problem.at(&path))?;
            if let Some(text) = &taken {
                configuration.back_up(self.parts.clock.now())?;
                configuration.replace(text)?;
            }
            (taken.is_some(), false)
        };
        record.forget(restored)?;
        tracing::info!(client = %name, restored, "a client was disconnected");
        Ok(Disconnected { path, restored, was_connected: had_token || had_entry })
    }

    fn entry(&self, name: ClientName, server: Option<&ServerName>) -> Entry {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut args = vec!["bridge".to_owned()];
        args.extend(server.map(ServerName::to_string));
        args.extend(["--client".to_owned(), name.as_str().to_owned()]);
        Entry { command: text(&self.parts.program), args, home: self.parts.data_folder.as_deref().map(text) }
    }

    fn path(&self, name: ClientName) -> Result<PathBuf, ClientError> {
        let variable = |wanted: &str| {
            let found = self.parts.environment.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| PathBuf::from(value)).filter(|path| path.is_absolute())
        };
        name.configuration(self.parts.platform, &variable)
    }
}

#[cfg(test)]
mod tests;
