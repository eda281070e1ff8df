//! The account that a server needs.

use crate::{id::ProviderName, scope::Scopes};

/// How a server signs in. Where both ways are required, one of the two is enough: they are two ways to the same account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignIn {
    /// OAuth.
    pub oauth: OauthSignIn,
    /// Sign-in without OAuth, in a window of our own.
    pub browser: Option<BrowserSignIn>,
}

/// `archestra_config.oauth`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OauthSignIn {
    /// The server needs none.
    #[default]
    None,
    /// A provider that Keyferry has a file for.
    Provider {
        /// Its name, to be looked up exactly.
        provider: ProviderName,
        /// Whether the server can't be installed without it.
        required: bool,
        /// What the server needs beside the provider file's own scopes.
        scopes: Scopes,
    },
    /// The remote server's own metadata names its authorization server (RFC 9728, RFC 8414).
    Discovery,
}

/// `archestra_config.browser_based`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserSignIn {
    /// The provider; some manifests leave it out, and mean the browser variant of the OAuth provider.
    pub provider: Option<ProviderName>,
    /// Whether the server can't be installed without it (or without OAuth, where that is required too).
    pub required: bool,
}

impl SignIn {
    /// The provider of the sign-in in a window, where there is one: the one that is named, else the browser variant of OAuth's.
    #[must_use]
    pub fn browser_provider(&self) -> Option<ProviderName> {
        let browser = self.browser.as_ref()?;
        let variant = || format!("{}-browser", self.oauth.provider()?).parse().ok();
        browser.provider.clone().or_else(variant)
    }

    /// Whether the server can't be installed without the sign-in in a window, or OAuth where that is required too.
    #[must_use]
    pub fn requires_browser(&self) -> bool {
        self.browser.as_ref().is_some_and(|browser| browser.required)
    }
}

impl OauthSignIn {
    /// The provider, where one is named.
    #[must_use]
    pub fn provider(&self) -> Option<&ProviderName> {
        match self {
            Self::Provider { provider, .. } => Some(provider),
            Self::None | Self::Discovery => None,
        }
    }

    /// The scopes that the server needs beside the provider file's own.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        match self {
            Self::Provider { scopes, .. } => scopes.clone(),
            Self::None | Self::Discovery => Scopes::default(),
        }
    }

    /// Whether the server can't be installed without it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        matches!(self, Self::Provider { required: true, .. } | Self::Discovery)
    }
}
