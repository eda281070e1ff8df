//! A relying party in miniature: it starts sandboxes, signs in, and sends requests that no careful client would.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use keyferry_sandbox::{Sandbox, SandboxConfig, consent};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:51234/oauth/callback/sandbox";
pub(crate) const VERIFIER: &str = "a-verifier-of-the-tests-with-enough-characters-0123";
pub(crate) const SCOPES: &str = "notes:read notes:write offline_access";

/// A sandbox with the default configuration.
pub(crate) async fn sandbox() -> Sandbox {
    sandbox_with(|_| {}).await
}

/// A sandbox with a changed configuration.
pub(crate) async fn sandbox_with(change: impl FnOnce(&mut SandboxConfig)) -> Sandbox {
    let mut config = SandboxConfig::default();
    change(&mut config);
    Sandbox::start(config).await.unwrap()
}

/// A client that shows every reply as it is.
pub(crate) fn http() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]).build().unwrap()
}

pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The parameters of a good authorization request.
pub(crate) fn good_request() -> BTreeMap<&'static str, String> {
    [
        ("response_type", "code"),
        ("client_id", "keyferry-sandbox"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", SCOPES),
        ("state", "st ate&é"),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into_iter()
    .chain([("code_challenge", challenge(VERIFIER))])
    .collect()
}

pub(crate) fn authorization_url<K: AsRef<str>, V: AsRef<str>>(
    sandbox: &Sandbox,
    parameters: impl IntoIterator<Item = (K, V)>,
) -> String {
    let base = format!("{}/authorize", sandbox.base_url());
    Url::parse_with_params(&base, parameters).unwrap().into()
}

/// A fresh code, by way of the consent page.
pub(crate) async fn code(sandbox: &Sandbox) -> String {
    code_for(sandbox, SCOPES).await
}

pub(crate) async fn code_for(sandbox: &Sandbox, scope: &str) -> String {
    let mut request = good_request();
    request.insert("scope", scope.to_owned());
    let redirect = consent::approve(&authorization_url(sandbox, request)).await.unwrap();
    redirect.parameter("code").unwrap()
}

/// Tokens of a fresh sign-in.
pub(crate) async fn tokens(sandbox: &Sandbox) -> Tokens {
    tokens_for(sandbox, SCOPES).await
}

pub(crate) async fn tokens_for(sandbox: &Sandbox, scope: &str) -> Tokens {
    let code = code_for(sandbox, scope).await;
    redeem(sandbox, &code).await.tokens()
}

pub(crate) fn redemption(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]
}

/// Redeems a code as a good client would.
pub(crate) async fn redeem(sandbox: &Sandbox, code: &str) -> Reply {
    token(sandbox, &redemption(code)).await
}

/// Refreshes as a good client would.
pub(crate) async fn refresh(sandbox: &Sandbox, refresh_token: &str) -> Reply {
    token(sandbox, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
}

/// A token request with the client's credentials in the body.
pub(crate) async fn token(sandbox: &Sandbox, fields: &[(&str, &str)]) -> Reply {
    post(sandbox, "/token", fields).await
}

/// A request with the client's credentials in the body.
pub(crate) async fn post(sandbox: &Sandbox, path: &str, fields: &[(&str, &str)]) -> Reply {
    let secret = sandbox.client_secret().expose_secret().to_owned();
    let mut fields = fields.to_vec();
    fields.extend([("client_id", sandbox.client_id()), ("client_secret", &secret)]);
    send(post_form(sandbox, path, &fields)).await
}

/// A POST of exactly these fields.
pub(crate) fn post_form(sandbox: &Sandbox, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    http()
        .post(format!("{}{path}", sandbox.base_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}

/// A GET of the API with a bearer token.
pub(crate) async fn api(sandbox: &Sandbox, path: &str, access_token: &str) -> Reply {
    send(http().get(format!("{}{path}", sandbox.base_url())).bearer_auth(access_token)).await
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    Reply::read(request.send().await.unwrap()).await
}

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The tokens of a reply.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) scope: String,
}

// === impl Reply ===

impl Reply {
    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and `error` together, as the tests compare them.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"].as_str().unwrap_or("").to_owned())
    }

    pub(crate) fn tokens(&self) -> Tokens {
        assert_eq!(self.status, 200, "{}", self.text());
        let json = self.json();
        Tokens {
            access: json["access_token"].as_str().unwrap().to_owned(),
            refresh: json["refresh_token"].as_str().map(str::to_owned),
            scope: json["scope"].as_str().unwrap().to_owned(),
        }
    }
}

// === impl Tokens ===

impl Tokens {
    pub(crate) fn refresh(&self) -> &str {
        self.refresh.as_deref().unwrap()
    }
}
