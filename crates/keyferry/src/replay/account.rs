//! The account's request of a play.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use keyferry_core::{
    delivery::Values,
    fact::Facts,
    provider::{Account, AccountLabel, JsonPointer},
    secret::SecretText,
};
use serde_json::Value;

use super::{Connection, scene::Scene};

/// What an account's request tells.
pub(super) struct Found {
    pub(super) label: Option<String>,
    pub(super) metadata: Facts,
}

/// Asks whose account it is.
pub(super) async fn ask(
    scene: &Scene,
    account: &Account,
    connection: &Connection,
) -> Result<(Found, String), String> {
    let values = Values {
        tokens: Some(&connection.tokens),
        client_id: Some(&scene.client_id),
        config: Some(&scene.config),
        metadata: Some(&connection.metadata),
        account: None,
    };
    let reply = match &account.request {
        Some(request) => {
            let url = request.resolve(&values).map_err(|error| error.to_string())?;
            let mut request = scene.http.get(url.as_str());
            let headers: Vec<_> = account
                .headers
                .iter()
                .filter_map(|(name, template)| Some((name.as_str(), template.fill(&values)?)))
                .collect();
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
                request = request.bearer_auth(connection.tokens.access_token.expose_secret());
            }
            for (name, value) in &headers {
                request = request.header(*name, value.expose_secret());
            }
            let response = request.send().await.map_err(|error| error.without_url().to_string())?;
            if !response.status().is_success() {
                return Err(format!("the account's request was answered with HTTP {}", response.status().as_u16()));
            }
            response.json().await.map_err(|_| "the account's reply is no JSON".to_owned())?
        }
        None => Value::Null,
    };
    let found = Found { label: label(account, connection, &reply)?, metadata: metadata(account, &reply)? };
    let told = found.label.as_ref().map_or("no label is asked for".to_owned(), |label| format!("it is {label}"));
    Ok((found, told))
}

fn label(account: &Account, connection: &Connection, reply: &Value) -> Result<Option<String>, String> {
    let (pointer, value) = match &account.label {
        None => return Ok(None),
        Some(AccountLabel::Reply(pointer)) => (pointer, Some(reply.clone())),
        Some(AccountLabel::IdToken(pointer)) => {
            let token = connection.tokens.id_token.as_ref().ok_or("no ID token came, which the label stands in")?;
            let claims = token.expose_secret().split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
            (pointer, claims.and_then(|claims| serde_json::from_slice(&claims).ok()))
        }
    };
    let text = value.as_ref().and_then(|value| text(pointer, value));
    text.map(Some).ok_or_else(|| format!("there is nothing at the label's place {}", pointer.as_str()))
}

fn metadata(account: &Account, reply: &Value) -> Result<Facts, String> {
    let fact = |(name, pointer): &(keyferry_core::id::FactName, JsonPointer)| {
        let text = text(pointer, reply).ok_or_else(|| format!("there is nothing at {} for metadata.{name}", pointer.as_str()))?;
        let text = SecretText::new(text).map_err(|_| format!("metadata.{name} can't be kept"))?;
        Ok((name.clone(), text))
    };
    account.metadata.iter().map(fact).collect()
}

fn text(pointer: &JsonPointer, value: &Value) -> Option<String> {
    match pointer.find(value)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
