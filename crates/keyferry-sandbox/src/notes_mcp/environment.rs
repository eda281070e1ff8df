//! What `sandbox-notes` is handed: the API's address and an access token.

use std::path::PathBuf;

use url::Url;

use crate::{loopback::is_plain_loopback, secret::SandboxSecret};

const ACCESS_TOKEN: &str = "SANDBOX_ACCESS_TOKEN";
const API_URL: &str = "SANDBOX_API_URL";
/// Where the token is read from for every call, below the home, when no variable holds it.
const TOKEN_FILE: &str = ".sandbox/token";

/// The settings of `sandbox-notes`, checked.
#[derive(Debug, Clone)]
pub struct NotesSettings {
    pub(super) api_url: String,
    access_token: AccessToken,
}

/// Where the access token comes from.
#[derive(Debug, Clone)]
enum AccessToken {
    /// It was handed in at the start.
    Given(SandboxSecret),
    /// It stands in a file, whose newest text counts.
    File(PathBuf),
}

/// The settings are incomplete or wrong. The text never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// A variable is missing or empty.
    #[error("{0} is not set: sandbox-notes is started by Keyferry, which signs in and sets it")]
    Missing(&'static str),
    /// The API's URL is not http on loopback and not https.
    #[error("{API_URL} must be an https URL, or http on a loopback address, without query and fragment")]
    ApiUrl,
    /// The token can't be sent in a header.
    #[error("{ACCESS_TOKEN}, or the file in its place, is not a bearer token")]
    AccessToken,
}

/// Takes the settings from variables: `SANDBOX_ACCESS_TOKEN` and `SANDBOX_API_URL`. The caller looks them up. Without the first, the
/// token is read from `~/.sandbox/token` for every call, where that file is.
///
/// # Errors
/// When one is missing, empty or not acceptable.
pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<NotesSettings, EnvironmentError> {
    let get = |name| lookup(name).filter(|value| !value.is_empty()).ok_or(EnvironmentError::Missing(name));
    let file =
        get("HOME").ok().map(|home| PathBuf::from(home).join(TOKEN_FILE)).filter(|file| file.is_file());
    let access_token = match (get(ACCESS_TOKEN), file) {
        (Err(_), Some(file)) => AccessToken::File(file),
        (token, _) => AccessToken::Given(checked(token?)?),
    };
    NotesSettings::with(&get(API_URL)?, access_token)
}

fn checked(token: String) -> Result<SandboxSecret, EnvironmentError> {
    let in_b64token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(in_b64token) {
        return Err(EnvironmentError::AccessToken);
    }
    Ok(SandboxSecret::new(token))
}

// === impl NotesSettings ===

impl NotesSettings {
    /// Checks both values.
    ///
    /// # Errors
    /// When the URL is neither https nor http on loopback, or the token is not one (RFC 6750 §2.1).
    pub fn new(api_url: &str, access_token: SandboxSecret) -> Result<Self, EnvironmentError> {
        Self::with(api_url, AccessToken::Given(checked(access_token.expose_secret().to_owned())?))
    }

    fn with(api_url: &str, access_token: AccessToken) -> Result<Self, EnvironmentError> {
        let url = Url::parse(api_url).map_err(|_| EnvironmentError::ApiUrl)?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || url.password().is_some() || !(url.scheme() == "https" || is_plain_loopback(&url)) {
            return Err(EnvironmentError::ApiUrl);
        }
        Ok(Self { api_url: api_url.trim_end_matches('/').to_owned(), access_token })
    }

    /// The access token for the next call.
    ///
    /// # Errors
    /// When its file can't be read, or holds none.
    pub(super) fn access_token(&self) -> Result<SandboxSecret, EnvironmentError> {
        match &self.access_token {
            AccessToken::Given(token) => Ok(token.clone()),
            AccessToken::File(file) => {
                let text = std::fs::read_to_string(file).map_err(|_| EnvironmentError::AccessToken)?;
                checked(text.trim_end().to_owned())
            }
        }
    }

    /// The API's base URL, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.api_url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(token: Option<&str>, url: Option<&str>) -> Result<NotesSettings, EnvironmentError> {
        from_environment(|name| match name {
            ACCESS_TOKEN => token.map(str::to_owned),
            API_URL => url.map(str::to_owned),
            _ => None,
        })
    }

    #[test]
    fn a_missing_or_wrong_variable_is_named_and_no_value_is_shown() {
        let url = Some("http://127.0.0.1:7668/api");
        for (token, url, error) in [
            (None, url, EnvironmentError::Missing(ACCESS_TOKEN)),
            (Some(""), url, EnvironmentError::Missing(ACCESS_TOKEN)),
            (Some("sbx_at_1"), None, EnvironmentError::Missing(API_URL)),
            (Some("sbx_at_1\r\nX: y"), url, EnvironmentError::AccessToken),
            (Some("sbx_at_1"), Some("http://example.com/api"), EnvironmentError::ApiUrl),
            (Some("sbx_at_1"), Some("http://127.0.0.1.example.com/api"), EnvironmentError::ApiUrl),
            (Some("sbx_at_1"), Some("https://a@example.com/api"), EnvironmentError::ApiUrl),
            (Some("sbx_at_1"), Some("file:///api"), EnvironmentError::ApiUrl),
            (Some("sbx_at_1"), Some("127.0.0.1"), EnvironmentError::ApiUrl),
        ] {
            let refused = settings(token, url).unwrap_err();
            assert!(!refused.to_string().contains("sbx_at_1"));
            assert_eq!(refused, error, "{token:?} {url:?}");
        }
        let accepted = settings(Some("sbx_at_1"), Some("http://[::1]:7668/api/")).unwrap();
        assert_eq!(accepted.api_url(), "http://[::1]:7668/api");
        assert!(!format!("{accepted:?}").contains("sbx_at_1"));
    }

    #[test]
    fn the_token_in_a_file_is_read_for_every_call() {
        let home = tempfile::tempdir().unwrap();
        let lookup = |name: &str| match name {
            "HOME" => home.path().to_str().map(str::to_owned),
            API_URL => Some("http://127.0.0.1:7668/api".to_owned()),
            _ => None,
        };
        assert_eq!(from_environment(lookup).unwrap_err(), EnvironmentError::Missing(ACCESS_TOKEN));
        std::fs::create_dir(home.path().join(".sandbox")).unwrap();
        std::fs::write(home.path().join(TOKEN_FILE), "sbx_at_1\n").unwrap();
        let settings = from_environment(lookup).unwrap();
        assert_eq!(settings.access_token().unwrap().expose_secret(), "sbx_at_1");
        std::fs::write(home.path().join(TOKEN_FILE), "sbx_at_2").unwrap();
        assert_eq!(settings.access_token().unwrap().expose_secret(), "sbx_at_2");
        std::fs::write(home.path().join(TOKEN_FILE), "no token\r\n").unwrap();
        assert_eq!(settings.access_token().unwrap_err(), EnvironmentError::AccessToken);
    }
}
