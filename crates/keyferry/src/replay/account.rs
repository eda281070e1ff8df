//! The account's request of a play.

use keyferry_core::{
    delivery::Values,
    flow::{
        Tokens,
        account::{AccountFacts, AccountRequest},
        client::Method,
    },
    provider::Account,
};

use super::scene::Scene;

/// Asks whose account it is.
pub(super) async fn ask(
    scene: &Scene,
    account: &Account,
    tokens: &Tokens,
) -> Result<(AccountFacts, String), String> {
    let values = Values {
        tokens: Some(tokens),
        client_id: Some(&scene.client_id),
        config: Some(&scene.config),
        ..Values::default()
    };
    let body = match account.prepare(&values).map_err(|error| error.to_string())? {
        Some(request) => Some(body(scene, request).await?),
        None => None,
    };
    let found = account.read(body.as_deref(), Some(tokens));
    if account.label.is_some() && found.label.is_none() {
        return Err("nothing stands where [account] label points to".to_owned());
    }
    if let Some((name, _)) = account.metadata.iter().find(|(name, _)| found.metadata.get(name).is_none()) {
        return Err(format!("nothing stands where [account] metadata points to for `{name}`"));
    }
    let mut told: Vec<_> = found.label.iter().map(|label| format!("it is {label}")).collect();
    told.extend(found.metadata.iter().map(|(name, _)| format!("{{metadata.{name}}}")));
    Ok((found, told.join(", ")))
}

async fn body(scene: &Scene, request: AccountRequest<'_>) -> Result<Vec<u8>, String> {
    let mut asked = match request.method {
        Method::Post => scene.http.post(request.endpoint.as_str()),
        _ => scene.http.get(request.endpoint.as_str()),
    };
    if !request.body.expose_secret().is_empty() {
        asked = asked.body(request.body.expose_secret().to_owned());
    }
    for (name, value) in &request.headers {
        asked = asked.header(*name, value.expose_secret());
    }
    let response = asked.send().await.map_err(|error| error.without_url().to_string())?;
    if !response.status().is_success() {
        return Err(format!("the account's request was answered with HTTP {}", response.status().as_u16()));
    }
    let body = response.bytes().await.map_err(|error| error.without_url().to_string())?;
    Ok(body.to_vec())
}
