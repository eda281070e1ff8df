//! The notes API, called with the access token. Replies are read up to a bound.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::environment::{EnvironmentError, NotesSettings};
use crate::http_client;

/// Longest reply that is read: all notes of an account fit.
const REPLY_LIMIT: usize = 8 * 1024 * 1024;

/// A connection to the notes API.
#[derive(Debug, Clone)]
pub(super) struct NotesApi {
    client: Client,
    settings: NotesSettings,
}

/// What the person reads when the API did not help.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("401: the access token is expired or revoked")]
    Unauthorized,
    #[error("403: the access token does not allow this; connect the account again with more scopes")]
    Forbidden,
    #[error("the notes API refused with {status}: {message}")]
    Refused { status: StatusCode, message: String },
    #[error(transparent)]
    Token(#[from] EnvironmentError),
    #[error("the notes API could not be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("the notes API answered {0} with something that is not a JSON object")]
    Unreadable(StatusCode),
}

// === impl NotesApi ===

impl NotesApi {
    pub(super) fn new(settings: NotesSettings) -> reqwest::Result<Self> {
        // In a container with nothing else there are no roots to load, and http on loopback needs none.
        let client = match settings.api_url().starts_with("https:") {
            true => http_client::build()?,
            false => http_client::build_for_loopback()?,
        };
        Ok(Self { client, settings })
    }

    pub(super) async fn list_notes(&self) -> Result<Value, ApiError> {
        self.call(Method::GET, "/notes", None).await
    }

    pub(super) async fn add_note(&self, text: &str) -> Result<Value, ApiError> {
        self.call(Method::POST, "/notes", Some(json!({ "text": text }))).await
    }

    pub(super) async fn me(&self) -> Result<Value, ApiError> {
        self.call(Method::GET, "/me", None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, ApiError> {
        let url = format!("{}{path}", self.settings.api_url());
        let token = self.settings.access_token()?;
        let request = self.client.request(method, url).bearer_auth(token.expose_secret());
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status();
        match status {
            StatusCode::UNAUTHORIZED => return Err(ApiError::Unauthorized),
            StatusCode::FORBIDDEN => return Err(ApiError::Forbidden),
            _ => {}
        }
        let body = http_client::read_capped(response, REPLY_LIMIT).await?;
        let value: Option<Value> = body.and_then(|body| serde_json::from_slice(&body).ok());
        let value = value.filter(Value::is_object).ok_or(ApiError::Unreadable(status))?;
        if status.is_success() {
            return Ok(value);
        }
        let message = value.get("message").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
        Err(ApiError::Refused { status, message })
    }
}
