//! Settings: the flags win over the environment, the environment over `keyferry.toml`, and that over the defaults.
//!
//! Every key of the file has its variable and most have a flag; [`Key`] is the one table of them. Nothing here
//! reads the process's environment but [`Settings::from_environment`].

mod edit;
mod key;
mod layer;
mod platform;
mod shown;
mod value;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use keyferry_core::{secret::SecretText, url::Endpoint};

pub(crate) use edit::{EditError, NewValue, edit};
pub use key::{Key, UnknownKey};
pub use layer::{Flags, Origin};
pub use value::{InvalidValue, ServersRuntime};

use crate::{
    catalog::Source,
    vault::{KEYCHAIN_LIMIT, KeyAccess, KeyPlace, Passphrases},
};
use layer::{Layer, Layers};
pub(crate) use platform::is_usual;
pub(crate) use shown::Standing;

/// The file of settings in the data folder.
pub const FILE_NAME: &str = "keyferry.toml";

/// The variable that moves the data folder.
pub const HOME_VARIABLE: &str = "KEYFERRY_HOME";

/// More than any hand-written settings file holds.
const LARGEST_FILE: u64 = 64 * 1024;

/// What the app needs to know before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The data folder: absolute, not yet checked or created.
    pub data_folder: PathBuf,
    /// Where the local API listens: 127.0.0.1 or ::1. Port 0 lets the kernel choose.
    pub listen: SocketAddr,
    /// Where the proxy is.
    pub proxy_url: Endpoint,
    /// What a proxy with access keys wants to see.
    pub proxy_access_key: Option<SecretText>,
    /// Folders of provider files beside the data folder's own `providers/`; the later wins.
    pub provider_folders: Vec<PathBuf>,
    /// Folders and URLs of manifests beside the built-in ones.
    pub catalog_sources: Vec<Source>,
    /// Whether a sign-in may open the system browser.
    pub open_browser: bool,
    /// The browser in whose window one signs in without OAuth; none takes the first that is found.
    pub browser_command: Option<PathBuf>,
    /// How long a server may take from its start to its answer to `initialize`.
    pub server_start_limit: Duration,
    /// How long one call of a tool may take.
    pub server_call_limit: Duration,
    /// What runs servers for which nothing else was said.
    pub servers_runtime: ServersRuntime,
    /// The image that stands in for Keyferry's base image.
    pub containers_base_image: Option<String>,
    /// How long a server may have nothing to do before it is stopped, to be started again when it is called; none means for ever.
    pub server_idle_limit: Option<Duration>,
    /// Where the master key of a new vault is kept; none lets the first start choose.
    pub vault_key: Option<KeyPlace>,
    /// The file that holds the passphrase, where nobody can be asked for it.
    pub vault_passphrase_file: Option<PathBuf>,
    /// How long the system's keychain may take.
    pub vault_keychain_limit: Duration,
    /// Where each of them was given that is not a default.
    pub origins: BTreeMap<Key, Origin>,
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is there and can't be read.
    #[error("the settings file {} can't be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is far larger than settings are.
    #[error("the settings file {} is larger than {LARGEST_FILE} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not TOML.
    #[error("{}:{line}: this is not TOML: {message}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// What the parser said.
        message: String,
    },
    /// The file has a key that does not exist.
    #[error("{}:{line}: there is no setting {key:?}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// The key as written.
        key: String,
        /// The key that was perhaps meant.
        nearest: Option<&'static str>,
    },
    /// A value that its key can't have.
    #[error("{origin}: {reason}")]
    Invalid {
        /// The file and line, variable or flag that gave it.
        origin: Origin,
        /// What is wrong with it.
        reason: InvalidValue,
    },
    /// The variable of a secret and that of its file.
    #[error("{variable} and {variable}_FILE are both set; keep one")]
    Both {
        /// The variable.
        variable: String,
    },
    /// The file of a secret can't be used.
    #[error("{variable} names {}, which can't be used: {source}", path.display())]
    SecretFile {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// What the system said, or what is wrong with the file's permissions.
        source: std::io::Error,
    },
    /// Neither `KEYFERRY_HOME` nor the variables the platform's rule reads are set.
    #[error("there is no place for the data folder: {missing} is not set")]
    NoHome {
        /// The variable of the platform's rule.
        missing: &'static str,
    },
}

impl SettingsError {
    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } => "check who may read the file, or move it away".to_owned(),
            Self::TooLarge { .. } => "it should hold a few lines of `key = value`".to_owned(),
            Self::NotToml { .. } => {
                "a line looks like this: proxy_url = \"http://127.0.0.1:7666\"".to_owned()
            }
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownKey { nearest: None, .. } => {
                let names: Vec<_> = Key::ALL.iter().map(|key| key.name()).collect();
                format!("the settings are {}", names.join(", "))
            }
            Self::Invalid { reason, .. } => reason.hint(),
            Self::Both { .. } => "take one of the two away".to_owned(),
            Self::SecretFile { .. } => "it must be a plain file of yours with mode 0600".to_owned(),
            Self::NoHome { .. } => format!("set {HOME_VARIABLE} to an absolute path"),
        }
    }
}

impl Settings {
    /// The settings of a data folder and nothing else: no file, no environment, no flags.
    #[must_use]
    pub fn defaults(data_folder: PathBuf) -> Self {
        Self {
            data_folder,
            listen: value::DEFAULT_LISTEN,
            proxy_url: value::default_proxy_url(),
            proxy_access_key: None,
            provider_folders: Vec::new(),
            catalog_sources: Vec::new(),
            open_browser: true,
            browser_command: None,
            server_start_limit: Duration::from_secs(30),
            server_call_limit: Duration::from_secs(120),
            servers_runtime: ServersRuntime::Auto,
            containers_base_image: None,
            server_idle_limit: None,
            vault_key: None,
            vault_passphrase_file: None,
            vault_keychain_limit: KEYCHAIN_LIMIT,
            origins: BTreeMap::new(),
        }
    }

    /// The settings of this process. The one place of this crate that reads the process's environment.
    ///
    /// # Errors
    /// [`SettingsError`] with file, line and a hint.
    pub fn from_environment(flags: &Flags) -> Result<Self, SettingsError> {
        Self::load(flags, &|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The settings that flags, an environment and the data folder's file make together.
    ///
    /// # Errors
    /// [`SettingsError`] with file, line and a hint.
    pub fn load(flags: &Flags, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let data_folder = platform::data_folder(flags.data_folder(), environment)?;
        let file = Layer::from_file(&data_folder.join(FILE_NAME))?;
        let environment = Layer::from_environment(environment)?;
        let layers = Layers { flags: flags.layer(), environment: &environment, file: &file };
        Self::resolve(data_folder, &layers)
    }

    /// The settings that a file alone makes.
    fn of_file(data_folder: PathBuf, file: &Layer) -> Result<Self, SettingsError> {
        let nothing = Layer::default();
        Self::resolve(data_folder, &Layers { flags: &nothing, environment: &nothing, file })
    }

    /// How the vault's key is reached. The file of the passphrase goes before anyone who could be asked.
    #[must_use]
    pub fn key_access(&self, asked: Passphrases) -> KeyAccess {
        let passphrases = self.vault_passphrase_file.clone().map_or(asked, Passphrases::in_file);
        KeyAccess { place: self.vault_key, keychain_limit: self.vault_keychain_limit, passphrases }
    }

    fn resolve(data_folder: PathBuf, layers: &Layers<'_>) -> Result<Self, SettingsError> {
        let defaults = Self::defaults(data_folder);
        Ok(Self {
            listen: layers.value(Key::Listen, value::listen)?.unwrap_or(defaults.listen),
            proxy_url: layers.value(Key::ProxyUrl, value::endpoint)?.unwrap_or(defaults.proxy_url),
            proxy_access_key: layers.value(Key::ProxyAccessKey, value::access_key)?,
            provider_folders: layers
                .folders(Key::Providers, &defaults.data_folder)?
                .unwrap_or(defaults.provider_folders),
            catalog_sources: layers
                .sources(Key::CatalogSources, &defaults.data_folder)?
                .unwrap_or(defaults.catalog_sources),
            open_browser: layers.value(Key::OpenBrowser, value::boolean)?.unwrap_or(defaults.open_browser),
            browser_command: layers.value(Key::BrowserCommand, value::program)?,
            server_start_limit: layers
                .value(Key::ServerStartLimit, value::duration)?
                .unwrap_or(defaults.server_start_limit),
            server_call_limit: layers
                .value(Key::ServerCallLimit, value::duration)?
                .unwrap_or(defaults.server_call_limit),
            servers_runtime: layers
                .value(Key::ServersRuntime, value::servers_runtime)?
                .unwrap_or(defaults.servers_runtime),
            containers_base_image: layers.value(Key::ContainersBaseImage, value::image)?,
            server_idle_limit: layers.value(Key::ServerIdleLimit, value::duration)?,
            vault_key: layers.value(Key::VaultKey, value::key_place)?,
            vault_passphrase_file: layers.file(Key::VaultPassphraseFile, &defaults.data_folder)?,
            vault_keychain_limit: layers
                .value(Key::VaultKeychainLimit, value::duration)?
                .unwrap_or(defaults.vault_keychain_limit),
            origins: layers.origins(),
            data_folder: defaults.data_folder,
        })
    }
}

#[cfg(test)]
mod tests;
