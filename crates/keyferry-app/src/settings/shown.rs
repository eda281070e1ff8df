//! Settings as the local API tells them: what holds, who said so, and what the file says that holds from the next start on.

use std::{path::Path, time::Duration};

use super::{FILE_NAME, Key, Origin, ServersRuntime, Settings, SettingsError, layer::Layer};

/// One setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) key: Key,
    /// What holds: one text, several of a list, none where nothing is set. Of a secret, none.
    pub(crate) values: Vec<String>,
    pub(crate) is_set: bool,
    pub(crate) origin: Option<Origin>,
    /// What the file says, where that is something else: it holds from the next start on.
    pub(crate) pending: Option<Vec<String>>,
}

impl Settings {
    /// Every setting, in the order of the table.
    ///
    /// # Errors
    /// [`SettingsError`] where the file can't be used as it is now.
    pub(crate) fn standing(&self) -> Result<Vec<Standing>, SettingsError> {
        let file = Layer::from_file(&self.data_folder.join(FILE_NAME))?;
        let next = Self::of_file(self.data_folder.clone(), &file)?;
        Ok(Key::ALL.into_iter().map(|key| self.one(key, &next)).collect())
    }

    fn one(&self, key: Key, next: &Self) -> Standing {
        let origin = self.origins.get(&key).cloned();
        let overrules = matches!(origin, Some(Origin::Flag(_) | Origin::Variable(_)));
        let (now, then) = (self.values(key), next.values(key));
        // Sources of manifests change at once.
        let differs = !overrules && key != Key::CatalogSources && now != then;
        Standing {
            key,
            is_set: !now.is_empty() || (key.is_secret() && self.proxy_access_key.is_some()),
            values: now,
            origin,
            pending: differs.then_some(then),
        }
    }

    /// The value of a setting as it is written. A secret has none.
    pub(crate) fn values(&self, key: Key) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let seconds = |duration: Duration| format!("{}s", duration.as_secs());
        match key {
            Key::Listen => vec![self.listen.to_string()],
            Key::ProxyUrl => vec![self.proxy_url.to_string()],
            Key::ProxyAccessKey => Vec::new(),
            Key::Providers => self.provider_folders.iter().map(|folder| path(folder)).collect(),
            Key::CatalogSources => self.catalog_sources.iter().map(ToString::to_string).collect(),
            Key::OpenBrowser => vec![self.open_browser.to_string()],
            Key::ServerStartLimit => vec![seconds(self.server_start_limit)],
            Key::ServerCallLimit => vec![seconds(self.server_call_limit)],
            Key::ServersRuntime => vec![self.servers_runtime.as_str().to_owned()],
            Key::ContainersBaseImage => self.containers_base_image.iter().cloned().collect(),
            Key::ServerIdleLimit => self.server_idle_limit.map(seconds).into_iter().collect(),
            Key::VaultKey => self.vault_key.iter().map(ToString::to_string).collect(),
            Key::VaultPassphraseFile => self.vault_passphrase_file.iter().map(|file| path(file)).collect(),
            Key::VaultKeychainLimit => vec![seconds(self.vault_keychain_limit)],
        }
    }
}

impl Key {
    /// Whether its value is never told.
    pub(crate) fn is_secret(self) -> bool {
        self == Self::ProxyAccessKey
    }

    /// Whether the local API may change it. What would move the vault, the API itself, or where programs are taken from is the person's
    /// own to write.
    pub(crate) fn is_changeable(self) -> bool {
        matches!(
            self,
            Self::ProxyUrl
                | Self::OpenBrowser
                | Self::ServerStartLimit
                | Self::ServerCallLimit
                | Self::ServersRuntime
                | Self::ContainersBaseImage
                | Self::ServerIdleLimit
        )
    }
}

impl ServersRuntime {
    /// The word in the settings.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Process => "process",
            Self::Container => "container",
        }
    }
}
