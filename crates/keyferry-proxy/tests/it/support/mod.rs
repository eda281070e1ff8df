//! Proxies, sign-ins and requests for the tests.

pub(crate) mod authority;
pub(crate) mod collector;
pub(crate) mod frames;
pub(crate) mod log;
pub(crate) mod named;
pub(crate) mod nginx;
pub(crate) mod raw;
pub(crate) mod redis;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use keyferry_core::{
    flow::client::ClientCredentials,
    provider::{ProviderFile, ProviderSet},
    secret::ClientSecret,
};
use keyferry_proxy::{Limits, Proxy, ProxyConfig};
use keyferry_sandbox::{Sandbox, SandboxConfig, consent};
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:51234/oauth/callback/sandbox";
pub(crate) const VERIFIER: &str = "a-verifier-of-the-tests-with-enough-characters-0123";
/// Longer than any wait of a test that works, shorter than patience.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A proxy that serves. Dropping it stops it.
pub(crate) struct TestProxy {
    pub(crate) address: SocketAddr,
    pub(crate) metrics_address: Option<SocketAddr>,
    pub(crate) stop: CancellationToken,
    pub(crate) server: JoinHandle<()>,
}

/// Limits under which waiting tests end quickly.
pub(crate) fn short_limits() -> Limits {
    Limits {
        connect: Duration::from_millis(400),
        exchange: Duration::from_millis(600),
        head: Duration::from_millis(600),
        body_wait: Duration::from_millis(400),
        answer_wait: Duration::from_millis(400),
        shutdown: Duration::from_millis(400),
        ..Limits::default()
    }
}

/// A configuration on a free port, of these provider files by name, each with its client.
pub(crate) fn config(files: &[(&str, &str)], secret: &str) -> ProxyConfig {
    let mut set = ProviderSet::default();
    let mut config = ProxyConfig::new(Arc::default());
    for (name, text) in files {
        let file = ProviderFile::parse(name.parse().unwrap(), name, text).unwrap().file;
        let client_secret = Some(ClientSecret::new(secret).unwrap());
        let client_id = "keyferry-sandbox".parse().unwrap();
        config
            .credentials
            .insert(file.name.clone(), ClientCredentials { client_id, client_secret, signer: None });
        set.insert(file);
    }
    config.providers = Arc::new(set);
    config.listen.address.set_port(0);
    config
}

/// A configuration for one sandbox.
pub(crate) fn config_for(sandbox: &Sandbox) -> ProxyConfig {
    config(&[("sandbox", &sandbox.provider_file())], sandbox.client_secret().expose_secret())
}

pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::start(SandboxConfig::default()).await.unwrap()
}

pub(crate) async fn start(config: ProxyConfig) -> TestProxy {
    serve(Proxy::bind(config).await.unwrap())
}

pub(crate) fn serve(proxy: Proxy) -> TestProxy {
    let (address, metrics_address) = (proxy.address(), proxy.metrics_address());
    let stop = CancellationToken::new();
    let server = tokio::spawn(proxy.serve(stop.clone().cancelled_owned()));
    TestProxy { address, metrics_address, stop, server }
}

/// A sandbox and a proxy that serves it.
pub(crate) async fn pair() -> (Sandbox, TestProxy) {
    let sandbox = sandbox().await;
    let proxy = start(config_for(&sandbox)).await;
    (sandbox, proxy)
}

/// A client that shows every reply as it is.
pub(crate) fn http() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]).build().unwrap()
}

/// A fresh code, by way of the consent page.
pub(crate) async fn code(sandbox: &Sandbox) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let url = Url::parse_with_params(
        &format!("{}/authorize", sandbox.base_url()),
        [
            ("response_type", "code"),
            ("client_id", "keyferry-sandbox"),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "notes:read notes:write offline_access"),
            ("state", "the-state-of-a-test-sign-in"),
            ("code_challenge_method", "S256"),
            ("code_challenge", &challenge),
        ],
    );
    consent::approve(url.unwrap().as_str()).await.unwrap().parameter("code").unwrap()
}

/// A good code exchange at the sandbox.
pub(crate) fn redemption(code: &str) -> Value {
    json!({
        "provider": "sandbox",
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    })
}

/// A good refresh.
pub(crate) fn refreshment(provider: &str, refresh_token: &str) -> Value {
    json!({ "provider": provider, "grant_type": "refresh_token", "refresh_token": refresh_token })
}

impl TestProxy {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(http().get(self.url(path))).await
    }

    pub(crate) async fn token(&self, body: &Value) -> Reply {
        self.post("/oauth/token", body).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        send(http().post(self.url(path)).json(body)).await
    }

    /// Posts as the holder of an access key.
    pub(crate) async fn post_as(&self, key: &str, path: &str, body: &Value) -> Reply {
        send(http().post(self.url(path)).bearer_auth(key).json(body)).await
    }

    /// The value of a line of `/metrics`; 0 without one.
    pub(crate) async fn metric(&self, line: &str) -> u64 {
        let text = self.get("/metrics").await.text();
        let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
        found.map_or(0, |value| value.parse().unwrap())
    }
}

impl Drop for TestProxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and `error` together, as the tests compare them.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or("").to_owned())
    }

    pub(crate) fn field(&self, name: &str) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()[name].as_str().unwrap().to_owned()
    }
}

/// An error as the tests write it.
pub(crate) fn error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Waits until something holds.
pub(crate) async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let holds = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, holds).await.unwrap();
}
