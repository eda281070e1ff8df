//! Why a connection can't be made, used or ended.

use jiff::Timestamp;
use keyferry_core::{
    flow::{callback::CallbackError, error::FailureClass},
    id::{ConnectionId, ProviderName},
    provider::InvalidConfig,
};

use super::proxy::ProxyError;
use crate::vault::VaultError;

/// Why a connection can't be made, used or ended. Holds no secret and nothing that a provider wrote.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// No provider file of this name.
    #[error("there is no provider {0}")]
    UnknownProvider(ProviderName),
    /// The proxy has no credentials for the provider.
    #[error("the proxy has no credentials for {0}")]
    NotConfigured(ProviderName),
    /// Nobody knows a client id for the provider.
    #[error("neither the proxy nor the provider file of {0} names a client id")]
    NoClientId(ProviderName),
    /// No connection of this id.
    #[error("there is no connection {0}")]
    Unknown(ConnectionId),
    /// The person has to sign in.
    #[error("the account at {0} has to be signed in to again")]
    NeedsSignIn(ProviderName),
    /// The last refresh failed, and the next is not due yet.
    #[error("the last refresh at {provider} failed ({code}); it is tried again from {} on", shown(until))]
    Paused {
        /// The provider.
        provider: ProviderName,
        /// From when on.
        until: Timestamp,
        /// Why it failed, as a stable word.
        code: String,
    },
    /// The connection has no refresh token.
    #[error("{0} gave no refresh token")]
    NotRefreshable(ProviderName),
    /// The provider file names another token endpoint than the one that gave the grant.
    #[error(
        "the provider file of {0} now names another token endpoint than the one that this account was connected with"
    )]
    Moved(ProviderName),
    /// A value that the provider asks of the person is missing or wrong.
    #[error("{provider} asks for something before the sign-in: {error}")]
    Config {
        /// The provider.
        provider: ProviderName,
        /// What is missing or wrong.
        error: InvalidConfig,
        /// What to give, in the provider file's words.
        hint: String,
    },
    /// One signs in there in a browser window.
    #[error("{0} has no OAuth sign-in")]
    NotOAuth(ProviderName),
    /// The provider wants https, and the proxy has no public address.
    #[error("{0} wants to come back to an https address, and the proxy has none")]
    NoPublicRedirect(ProviderName),
    /// The authorization URL can't be made.
    #[error("the sign-in page's address can't be made: {0}")]
    AuthorizationUrl(String),
    /// Too many people sign in at once.
    #[error("too many sign-ins are under way")]
    TooMany,
    /// The response to the sign-in was refused.
    #[error("the sign-in did not work: {0}")]
    Callback(#[from] CallbackError),
    /// Nobody signed in.
    #[error("nobody signed in within 10 minutes")]
    TimedOut,
    /// The proxy, or the provider behind it.
    #[error("{0}")]
    Proxy(#[from] ProxyError),
    /// The vault.
    #[error("{0}")]
    Vault(#[from] VaultError),
    /// The program is ending.
    #[error("the app is closing")]
    Closing,
}

/// A moment in seconds, for people.
fn shown(moment: &Timestamp) -> String {
    moment.strftime("%H:%M:%S UTC").to_string()
}

impl ConnectionError {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownProvider(_) => "unknown_provider",
            Self::NotConfigured(_) => "provider_not_configured",
            Self::NoClientId(_) => "no_client_id",
            Self::Unknown(_) => "unknown_connection",
            Self::NeedsSignIn(_) => "needs_sign_in",
            Self::Paused { .. } => "refresh_paused",
            Self::NotRefreshable(_) => "not_refreshable",
            Self::Moved(_) => "provider_moved",
            Self::Config { .. } => "provider_config",
            Self::NotOAuth(_) => "not_oauth",
            Self::NoPublicRedirect(_) => "no_public_redirect",
            Self::AuthorizationUrl(_) => "bad_authorization_url",
            Self::TooMany => "too_many_sign_ins",
            Self::Callback(_) => "sign_in_refused",
            Self::TimedOut => "sign_in_timed_out",
            Self::Proxy(error) => error.code(),
            Self::Vault(_) => "vault",
            Self::Closing => "closing",
        }
    }

    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownProvider(_) => {
                "`keyferry provider list` shows the providers; docs/adding-providers.md says how to add one"
                    .to_owned()
            }
            Self::NotConfigured(name) => {
                let prefix = name.env_prefix();
                format!("on the proxy, set {prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET, and start it again")
            }
            Self::NoClientId(name) => format!("on the proxy, set {}_CLIENT_ID", name.env_prefix()),
            Self::Unknown(_) => "`keyferry connections list` shows them".to_owned(),
            Self::NeedsSignIn(_) | Self::NotRefreshable(_) | Self::Moved(_) => "sign in again".to_owned(),
            Self::AuthorizationUrl(_) => {
                "`keyferry provider check` says what is wrong with the provider file".to_owned()
            }
            Self::Paused { .. } => {
                "wait until then, or have it tried now: `keyferry connections refresh ID`".to_owned()
            }
            Self::Config { hint, .. } => hint.clone(),
            Self::NotOAuth(_) => "choose another way to sign in".to_owned(),
            Self::NoPublicRedirect(_) => {
                "whoever runs the proxy sets KEYFERRY_PROXY_PUBLIC_URL, and registers that address at the service"
                    .to_owned()
            }
            Self::TooMany => "finish or cancel one of them, or wait ten minutes".to_owned(),
            Self::Callback(CallbackError::Refused(_)) => {
                "try again, and choose Allow on the provider's page".to_owned()
            }
            Self::Callback(_) | Self::TimedOut => "try again".to_owned(),
            Self::Proxy(error) => error.hint().to_owned(),
            Self::Vault(error) => error.hint().to_owned(),
            Self::Closing => "start it again".to_owned(),
        }
    }

    /// What the failure says about the grant.
    #[must_use]
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::Proxy(error) => error.class(),
            _ => FailureClass::Passing,
        }
    }
}
