//! The table of settings.

use std::fmt;

/// A setting: a key of `keyferry.toml` and the variable that goes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `listen`: the loopback address of the local API.
    Listen,
    /// `proxy_url`: where the proxy is.
    ProxyUrl,
    /// `proxy_access_key`: the key that a proxy with access keys wants.
    ProxyAccessKey,
    /// `providers`: folders of provider files.
    Providers,
    /// `catalog.sources`: folders and URLs of manifests.
    CatalogSources,
    /// `open_browser`: whether a sign-in may open the system browser.
    OpenBrowser,
    /// `server_start_limit`: how long a server may take to start.
    ServerStartLimit,
    /// `server_call_limit`: how long one call of a tool may take.
    ServerCallLimit,
    /// `servers.runtime`: what runs servers for which nothing else was said.
    ServersRuntime,
    /// `containers.base_image`: the image that stands in for Keyferry's own.
    ContainersBaseImage,
    /// `server_idle_limit`: how long a server may have nothing to do before it is stopped.
    ServerIdleLimit,
    /// `vault.key`: where the master key of a new vault is kept.
    VaultKey,
    /// `vault.passphrase_file`: the file that holds the passphrase, where nobody can be asked for it.
    VaultPassphraseFile,
    /// `vault.keychain_limit`: how long the keychain may take.
    VaultKeychainLimit,
}

/// A text that is no key of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such setting")]
pub struct UnknownKey;

impl Key {
    /// Every setting.
    pub const ALL: [Self; 14] = [
        Self::Listen,
        Self::ProxyUrl,
        Self::ProxyAccessKey,
        Self::Providers,
        Self::CatalogSources,
        Self::OpenBrowser,
        Self::ServerStartLimit,
        Self::ServerCallLimit,
        Self::ServersRuntime,
        Self::ContainersBaseImage,
        Self::ServerIdleLimit,
        Self::VaultKey,
        Self::VaultPassphraseFile,
        Self::VaultKeychainLimit,
    ];

    /// The key in the file. What stands before a dot is the name of its table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::ProxyUrl => "proxy_url",
            Self::ProxyAccessKey => "proxy_access_key",
            Self::Providers => "providers",
            Self::CatalogSources => "catalog.sources",
            Self::OpenBrowser => "open_browser",
            Self::ServerStartLimit => "server_start_limit",
            Self::ServerCallLimit => "server_call_limit",
            Self::ServersRuntime => "servers.runtime",
            Self::ContainersBaseImage => "containers.base_image",
            Self::ServerIdleLimit => "server_idle_limit",
            Self::VaultKey => "vault.key",
            Self::VaultPassphraseFile => "vault.passphrase_file",
            Self::VaultKeychainLimit => "vault.keychain_limit",
        }
    }

    /// The variable: the key in upper case behind `KEYFERRY_`, with `_` for a dot.
    #[must_use]
    pub fn variable(self) -> String {
        format!("KEYFERRY_{}", self.name().to_ascii_uppercase().replace('.', "_"))
    }

    /// The setting of a key in the file.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Whether this is the name of a table of the file.
    pub(super) fn is_table(name: &str) -> bool {
        Self::ALL.into_iter().any(|key| key.name().split_once('.').is_some_and(|(table, _)| table == name))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl std::str::FromStr for Key {
    type Err = UnknownKey;

    fn from_str(text: &str) -> Result<Self, UnknownKey> {
        Self::named(text).ok_or(UnknownKey)
    }
}
