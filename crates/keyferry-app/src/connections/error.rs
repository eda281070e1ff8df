//! Why a connection can't be made, used or ended.

use std::fmt;

use jiff::Timestamp;
use keyferry_core::{
    flow::{
        callback::CallbackError,
        error::{ErrorCode, FailureClass},
    },
    id::{ConnectionId, ProviderName},
    provider::{InvalidConfig, RefusedHost},
};

use super::proxy::ProxyError;
use crate::browser::Attempt;
use crate::vault::{ConnectionRecord, VaultError};

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
    NeedsSignIn(Grant),
    /// The person has ended it, and its provider is still to be told.
    #[error("the access at {0} is ended here and gives no token any more")]
    Ending(Grant),
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
    NotRefreshable(Grant),
    /// The provider file names another token endpoint than the one that gave the grant.
    #[error(
        "the provider file of {0} now names another token endpoint than the one that this account was connected with"
    )]
    Moved(Grant),
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
    /// The proxy sends no secret to the host that the person named.
    #[error("the proxy does not send the secret of {provider} to {host}{}", why(*.refused))]
    HostNotAllowed {
        /// The provider.
        provider: ProviderName,
        /// The host.
        host: String,
        /// Why not.
        refused: RefusedHost,
    },
    /// One signs in there in a browser window.
    #[error("{0} has no OAuth sign-in")]
    NotOAuth(ProviderName),
    /// One signs in there with OAuth.
    #[error("{0} has no sign-in in a window")]
    NotInWindow(ProviderName),
    /// The person has not agreed to what is read in the window.
    #[error("{}", .0.join("\n"))]
    NotAgreed(Vec<String>),
    /// The window brought no token.
    #[error(transparent)]
    Window(#[from] Attempt),
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

/// The grant that an error is about. Shown as its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The connection.
    pub connection: ConnectionId,
    /// Its provider.
    pub provider: ProviderName,
}

impl From<&ConnectionRecord> for Grant {
    fn from(record: &ConnectionRecord) -> Self {
        Self { connection: record.id.clone(), provider: record.provider.clone() }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.provider.fmt(out)
    }
}

/// A moment in seconds, for people.
fn shown(moment: &Timestamp) -> String {
    moment.strftime("%H:%M:%S UTC").to_string()
}

/// What to do about an error that came in the redirect (RFC 6749 §4.1.2.1).
const fn refused_hint(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AccessDenied => "try again, and choose Allow on the provider's page",
        ErrorCode::InvalidScope => {
            "compare `scopes` in the provider file with those that the service knows and that its app is registered for"
        }
        ErrorCode::UnauthorizedClient | ErrorCode::InvalidClient => {
            "whoever runs the proxy has to look at the app's registration at the service: its client id, its redirect URL, and whether it may use the authorization code"
        }
        ErrorCode::TemporarilyUnavailable | ErrorCode::ServerError => {
            "the service has a failure of its own: try again in a moment"
        }
        ErrorCode::InvalidRequest | ErrorCode::UnsupportedResponseType => {
            "the service does not understand the request: compare [authorization] in the provider file with its documentation"
        }
        _ => {
            "the service's page may have said more; compare [authorization] in the provider file with its documentation"
        }
    }
}

const fn why(refused: RefusedHost) -> &'static str {
    match refused {
        RefusedHost::NotListed => ", for its operator did not list that host",
        RefusedHost::OwnNetwork => ", for that is a name of the own network and its operator did not list it",
    }
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
            Self::Ending(_) => "revocation_pending",
            Self::Paused { .. } => "refresh_paused",
            Self::NotRefreshable(_) => "not_refreshable",
            Self::Moved(_) => "provider_moved",
            Self::Config { .. } => "provider_config",
            Self::HostNotAllowed { .. } => "host_not_allowed",
            Self::NotOAuth(_) => "not_oauth",
            Self::NotInWindow(_) => "not_in_window",
            Self::NotAgreed(_) => "window_not_agreed",
            Self::Window(attempt) => attempt.code(),
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
            Self::NotRefreshable(grant) => format!(
                "it works until its access token ends; `keyferry connections sign-in {}` gets another",
                grant.connection
            ),
            Self::NeedsSignIn(grant) | Self::Moved(grant) => {
                format!("sign in again: `keyferry connections sign-in {}`", grant.connection)
            }
            Self::Ending(grant) => {
                format!("sign in anew: `keyferry connections add {}`", grant.provider)
            }
            Self::AuthorizationUrl(_) => {
                "look at what was given with --config; if that is right, `keyferry provider check` looks at the provider file"
                    .to_owned()
            }
            Self::Paused { .. } => {
                "wait until then, or have it tried now: `keyferry connections refresh ID`".to_owned()
            }
            Self::Config { hint, .. } => hint.clone(),
            Self::HostNotAllowed { provider, host, .. } => format!(
                "on the proxy, set {}_ALLOWED_HOSTS={host} (further hosts behind commas), and start it again",
                provider.env_prefix()
            ),
            Self::NotOAuth(_) | Self::NotInWindow(_) => "choose another way to sign in".to_owned(),
            Self::NotAgreed(_) => {
                "agree to it, and the window opens: --yes, or `agreed` in the request".to_owned()
            }
            Self::Window(attempt) => attempt.hint().to_owned(),
            Self::NoPublicRedirect(_) => {
                "whoever runs the proxy sets KEYFERRY_PROXY_PUBLIC_URL, and registers that address at the service"
                    .to_owned()
            }
            Self::TooMany => "finish or cancel one of them, or wait ten minutes".to_owned(),
            Self::Callback(CallbackError::Refused(code)) => refused_hint(*code).to_owned(),
            Self::Callback(CallbackError::Ambiguous) => {
                "it brought no code: [callback] code in the provider file says what the service calls it"
                    .to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_of_a_refused_sign_in_is_of_its_own_cause() {
        for (code, hint) in [
            ("access_denied", "choose Allow"),
            ("invalid_scope", "`scopes` in the provider file"),
            ("unauthorized_client", "registration at the service"),
            ("server_error", "a failure of its own"),
            ("temporarily_unavailable", "in a moment"),
            ("invalid_request", "[authorization] in the provider file"),
            ("something_new", "may have said more"),
        ] {
            let error = ConnectionError::from(CallbackError::Refused(ErrorCode::from_provider(code)));
            assert!(error.hint().contains(hint), "{code}: {}", error.hint());
            assert_eq!(error.hint().contains("choose Allow"), code == "access_denied", "{code}");
        }
        assert!(ConnectionError::from(CallbackError::Ambiguous).hint().contains("[callback] code"));
    }
}
