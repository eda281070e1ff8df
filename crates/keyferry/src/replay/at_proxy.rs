//! The steps that a play takes at the proxy, by its HTTP API.

use keyferry_core::{
    fact::Facts,
    flow::{Tokens, callback::AuthorizedCode, reply::TokenReply, revoke::TokenTypeHint},
    secret::{RefreshToken, SecretText},
};
use serde_json::{Map, Value, json};

use super::scene::Scene;

type Told<T> = Result<(T, String), String>;

/// Redeems a code (RFC 6749 §4.1.3).
pub(super) async fn exchange(scene: &Scene, code: AuthorizedCode) -> Told<TokenReply> {
    let verifier = code.verifier.as_ref().map(|verifier| verifier.expose_secret());
    let mut request = json!({
        "grant_type": "authorization_code",
        "code": code.code.expose_secret(),
        "redirect_uri": code.redirect_uri.as_str(),
        "callback": object(&code.metadata),
    });
    if let (Some(verifier), Some(request)) = (verifier, request.as_object_mut()) {
        request.insert("code_verifier".to_owned(), verifier.into());
    }
    tokens(scene, request).await
}

/// Spends a refresh token (RFC 6749 §6).
pub(super) async fn refresh(scene: &Scene, token: &RefreshToken, callback: &Facts) -> Told<TokenReply> {
    let request = json!({
        "grant_type": "refresh_token",
        "refresh_token": token.expose_secret(),
        "callback": object(callback),
    });
    tokens(scene, request).await
}

/// Revokes as the app does: the refresh token first, then the access token (RFC 7009 §2.1).
pub(super) async fn revoke(scene: &Scene, tokens: &Tokens, callback: &Facts) -> Told<()> {
    let refresh = tokens.refresh_token.as_ref().map(|token| (token.expose_secret(), TokenTypeHint::RefreshToken));
    let access = Some((tokens.access_token.expose_secret(), TokenTypeHint::AccessToken));
    for (token, hint) in refresh.into_iter().chain(access) {
        let request = json!({ "token": token, "token_type_hint": hint.as_str(), "callback": object(callback) });
        let (status, body) = post(scene, "/oauth/revoke", request).await?;
        if status != 200 {
            return Err(problem(status, &body));
        }
    }
    Ok(((), "the tokens are dead".to_owned()))
}

async fn tokens(scene: &Scene, request: Value) -> Told<TokenReply> {
    let (status, body) = post(scene, "/oauth/token", request).await?;
    if status != 200 {
        return Err(problem(status, &body));
    }
    let mut reply = TokenReply::parse(status, body.to_string().as_bytes()).map_err(|error| error.to_string())?;
    reply.metadata = facts(body.get("metadata"));
    let mut came = vec!["an access token".to_owned()];
    came.extend(reply.refresh_token.iter().map(|_| "a refresh token".to_owned()));
    came.extend(reply.id_token.iter().map(|_| "an ID token".to_owned()));
    came.extend(reply.metadata.iter().map(|(name, _)| format!("metadata.{name}")));
    let life = reply.expires_in.map_or("no end is known".to_owned(), |life| format!("good for {life} s"));
    Ok((reply, format!("{}; {life}", came.join(", "))))
}

/// A request to the proxy with what each of them carries.
async fn post(scene: &Scene, path: &str, mut request: Value) -> Result<(u16, Value), String> {
    if let Some(request) = request.as_object_mut() {
        request.insert("provider".to_owned(), scene.file.name.as_str().into());
        let config = scene.given.iter().map(|(name, value)| (name.to_string(), Value::from(value.as_str())));
        request.insert("config".to_owned(), Value::Object(config.collect()));
    }
    let response = scene.http.post(format!("{}{path}", scene.proxy)).json(&request).send().await;
    let response = response.map_err(|error| error.without_url().to_string())?;
    let status = response.status().as_u16();
    let body = response.json().await.map_err(|error| error.without_url().to_string())?;
    Ok((status, body))
}

/// A refusal of the proxy's, which repeats nothing of what it was sent or told.
fn problem(status: u16, body: &Value) -> String {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{} (HTTP {status}): {}", text("error"), text("error_description"))
}

fn object(facts: &Facts) -> Map<String, Value> {
    facts.iter().map(|(name, text)| (name.to_string(), Value::from(text.expose_secret()))).collect()
}

fn facts(object: Option<&Value>) -> Facts {
    let fact = |(name, value): (&String, &Value)| {
        Some((name.parse().ok()?, SecretText::new(value.as_str()?).ok()?))
    };
    object.and_then(Value::as_object).into_iter().flatten().filter_map(fact).collect()
}
