//! Providers that no file of the app's describes, learned from the real proxy.

use std::{fs, sync::Arc, time::Duration};

use keyferry_core::{
    provider::{ProviderFile, ProviderSet},
    url::Endpoint,
};
use keyferry_proxy::{ProviderUpdates, Proxy, ProxyConfig};
use keyferry_sandbox::{RedirectRule, Sandbox, SandboxConfig};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{TestApp, allow};

/// What becomes of the sandbox's provider file.
type Change = fn(String) -> String;

/// A proxy that alone knows `acme`, in whose place the sandbox stands, and an app.
struct World {
    sandbox: Sandbox,
    app: TestApp,
    proxy: JoinHandle<()>,
    updates: ProviderUpdates,
}

impl World {
    /// `files` are what the proxy has beside the built-in ones, made of the sandbox's.
    async fn start(files: &[(&str, Change)]) -> Self {
        let redirect = RedirectRule::Loopback { path: "/oauth/callback/acme".to_owned() };
        let config = SandboxConfig { redirect_uris: vec![redirect], ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config).await.unwrap();
        let mut providers = ProviderSet::builtin().unwrap();
        for (name, change) in files {
            let text = change(sandbox.provider_file());
            providers.insert(ProviderFile::parse(name.parse().unwrap(), name, &text).unwrap().file);
        }
        let lookup = |name: &str| match name {
            "ACME_CLIENT_ID" => Some(sandbox.client_id().to_owned()),
            "ACME_CLIENT_SECRET" => Some(sandbox.client_secret().expose_secret().to_owned()),
            "KEYFERRY_PROXY_LISTEN" => Some("127.0.0.1:0".to_owned()),
            _ => None,
        };
        let config = ProxyConfig::from_environment(Arc::new(providers), lookup).unwrap();
        let proxy = Proxy::bind(config).await.unwrap();
        let url = Endpoint::parse(&format!("http://{}", proxy.address())).unwrap();
        let updates = proxy.updates();
        let proxy = tokio::spawn(proxy.serve(std::future::pending()));
        let app = TestApp::start_with(|settings| settings.proxy_url = url).await;
        Self { sandbox, app, proxy, updates }
    }

    async fn listed(&self, name: &str) -> (Value, Vec<Value>) {
        let (status, list) = self.app.get("/api/v1/providers").await;
        assert_eq!(status, StatusCode::OK, "{list}");
        assert!(list["proxy_problem"].is_null(), "{list}");
        let rows = list["providers"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == name).cloned().unwrap_or_default();
        (row, list["problems"].as_array().unwrap().clone())
    }

    /// Begins an install that signs in at `acme`, up to the page where the person decides.
    async fn begin(&self) -> Value {
        let manifest = json!({
            "name": "notes",
            "archestra_config": { "oauth": { "provider": "acme", "required": true } },
            "server": { "type": "local", "command": "keyferry", "args": ["echo"] }
        });
        let (status, install) = self.app.begin(&manifest).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{install}");
        self.app.waiting_for_person(install).await
    }

    /// Allows access, up to the end of the install.
    async fn allow(&self, install: Value) {
        let page = allow(install["authorization_url"].as_str().unwrap()).await;
        assert!(page.contains("Connected"), "{page}");
        let install = self.app.over(install).await;
        assert_eq!(install["state"], "done", "{install}");
    }

    /// Puts a file `acme` of the person's own into the data folder, and waits until the app goes by it.
    async fn write_own(&self, change: impl FnOnce(String) -> String) {
        let folder = self.app.data_folder().join("providers");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("acme.toml");
        fs::write(&path, change(self.sandbox.provider_file())).unwrap();
        let taken = async {
            while self.listed("acme").await.0["source"] != *path.display().to_string() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), taken).await.unwrap();
    }

    /// What a refresh of the one connection says.
    async fn refresh(&self) -> Value {
        let (_, list) = self.app.get("/api/v1/connections").await;
        let id = list["connections"][0]["id"].as_str().unwrap().to_owned();
        self.app.post(&format!("/api/v1/connections/{id}/refresh"), json!({})).await.1
    }

    async fn end(self) {
        self.app.shutdown().await;
        self.proxy.abort();
        self.sandbox.shutdown().await;
    }
}

/// The sandbox's file as it is, under another name.
fn as_it_is(text: String) -> String {
    text
}

#[tokio::test]
async fn a_provider_that_only_the_proxy_knows_is_learned_and_signed_in_at() {
    let world = World::start(&[("acme", as_it_is)]).await;
    let install = world.begin().await;
    world.allow(install).await;
    let (row, problems) = world.listed("acme").await;
    assert_eq!((&row["source"], &row["configured"]), (&json!("the proxy"), &json!(true)), "{problems:?}");
    // A file of the person's own takes its place as soon as it is there.
    world.write_own(|text| text.replace("\"Sandbox\"", "\"My Acme\"")).await;
    world.end().await;
}

#[tokio::test]
async fn a_file_of_the_proxy_never_takes_the_place_of_one_that_the_app_has() {
    let world = World::start(&[("jira", as_it_is), ("acme", as_it_is)]).await;
    let (row, problems) = world.listed("jira").await;
    assert_eq!((&row["source"], &row["display_name"]), (&json!("built in"), &json!("Jira")));
    let told: Vec<_> = problems.iter().filter(|problem| problem["error"] == "provider_elsewhere").collect();
    assert_eq!(told.len(), 1, "{problems:?}");
    assert!(told[0]["message"].as_str().unwrap().contains("the proxy knows jira at another address"));
    assert!(told[0]["hint"].as_str().unwrap().contains("jira.toml"), "{told:?}");
    let (_, shown) = world.app.get("/api/v1/providers/jira").await;
    assert_eq!(shown["token_endpoint"], "https://auth.atlassian.com/oauth/token");
    world.end().await;
}

#[tokio::test]
async fn a_file_of_the_proxy_that_hands_out_the_refresh_token_is_not_taken() {
    fn greedy(text: String) -> String {
        text.replacen("[env]\n", "[env]\nACME_REFRESH_TOKEN = \"{refresh_token}\"\n", 1)
    }
    let world = World::start(&[("acme", greedy)]).await;
    let (row, problems) = world.listed("acme").await;
    assert!(row.is_null(), "{row}");
    let message = problems[0]["message"].as_str().unwrap();
    assert!(
        message.contains("acme.toml of the proxy") && message.contains("ACME_REFRESH_TOKEN"),
        "{message}"
    );
    world.end().await;
}

/// The file with another token endpoint.
fn moved(text: String) -> String {
    text.replace("/token\"", "/elsewhere\"")
}

#[tokio::test]
async fn a_grant_is_not_shown_to_the_token_endpoint_that_the_proxy_names_later() {
    let mut world = World::start(&[("acme", as_it_is)]).await;
    let install = world.begin().await;
    world.allow(install).await;
    assert_eq!(world.refresh().await["state"], "active");
    let text = moved(world.sandbox.provider_file());
    let mut set = ProviderSet::builtin().unwrap();
    set.insert(ProviderFile::parse("acme".parse().unwrap(), "acme", &text).unwrap().file);
    world.updates.replace(&set, |_| None);
    world.listed("acme").await;
    let asked = world.sandbox.counters().token_requests();
    assert_eq!(world.refresh().await["error"], "provider_moved");
    assert_eq!(world.sandbox.counters().token_requests(), asked);
    world.end().await;
}

#[tokio::test]
async fn a_sign_in_ends_by_the_file_that_it_began_with() {
    let world = World::start(&[("acme", as_it_is)]).await;
    let install = world.begin().await;
    world.write_own(moved).await;
    world.allow(install).await;
    assert_eq!(world.refresh().await["error"], "provider_moved", "its grant is of the address before");
    world.end().await;
}
