//! A whole world for a test: an app in a folder of its own, and what its requests answer.

mod host;
mod listener;
mod person;
#[cfg(unix)]
pub(crate) mod podman;
mod world;

pub(crate) use host::Host;
pub(crate) use listener::Listener;
pub(crate) use person::{allow, deny};
pub(crate) use world::World;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use keyferry_app::{
    App, BootError, Parts, boot,
    clock::Clock,
    connections::Opener,
    entropy::Entropy,
    settings::{ServersRuntime, Settings},
    vault::{KeyPlace, Passphrases},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

/// An app that runs, and a client that holds its token.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) folder: TempDir,
    client: reqwest::Client,
}

/// A client that follows nothing and uses no proxy of the environment.
pub(crate) fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.timeout(Duration::from_secs(60)).build().unwrap()
}

/// The settings of a test: any port, a folder of its own, no browser.
pub(crate) fn settings(folder: &Path) -> Settings {
    let mut settings = Settings::defaults(folder.join("data"));
    settings.listen.set_port(0);
    settings.open_browser = false;
    // Whatever engine the machine has: a test that wants a container says so.
    settings.servers_runtime = ServersRuntime::Process;
    // Whoever runs the tests has a keychain of their own.
    settings.vault_key = Some(KeyPlace::File);
    settings
}

/// An app in a folder that another one has left.
pub(crate) async fn boot_in(folder: TempDir) -> TestApp {
    let settings = settings(folder.path());
    TestApp::boot(folder, settings, |_| {}).await
}

/// The error of a start that must fail.
pub(crate) async fn refused(settings: Settings) -> BootError {
    match boot(settings, parts()).await {
        Ok(_) => panic!("the app started"),
        Err(error) => error,
    }
}

/// The example that plays MCP servers; a manifest's command `keyferry` means it.
pub(crate) fn test_server() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    target.join("examples").join(format!("keyferry-test-server{}", std::env::consts::EXE_SUFFIX))
}

/// The world as a test has it: no browser, no watchdog, a small environment.
fn parts() -> Parts {
    Parts {
        clock: Clock::system(),
        entropy: Entropy::system(),
        passphrases: Passphrases::nobody(),
        opener: Opener::new(|_| Err(std::io::Error::other("a test opens no browser"))),
        this_program: test_server(),
        environment: vec![("PATH".into(), "/usr/bin:/bin".into()), ("HOME".into(), "/nonexistent".into())],
        watchdog: None,
        alone: false,
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        change(&mut settings);
        Self::boot(folder, settings, |_| {}).await
    }

    pub(crate) async fn boot(folder: TempDir, settings: Settings, change: impl FnOnce(&mut Parts)) -> Self {
        let mut parts = parts();
        change(&mut parts);
        let app = boot(settings, parts).await.unwrap();
        Self { app, folder, client: client() }
    }

    pub(crate) fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) async fn shutdown(self) -> TempDir {
        self.app.shutdown().await;
        self.folder
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.address())
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let token = self.app.api_token().expose_secret();
        let mut request = self.client.request(method, self.url(path)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::DELETE, path, None).await
    }

    /// Begins an install of a manifest that comes along.
    pub(crate) async fn begin(&self, manifest: &Value) -> (StatusCode, Value) {
        self.post("/api/v1/installs", json!({ "manifest": { "inline": manifest } })).await
    }

    /// The install as soon as it is newer.
    pub(crate) async fn newer(&self, install: &Value) -> Value {
        let (id, revision) = (install["id"].as_str().unwrap(), &install["revision"]);
        self.get(&format!("/api/v1/installs/{id}?after={revision}&wait=30")).await.1
    }

    /// The install as soon as it waits for the person.
    pub(crate) async fn waiting_for_person(&self, mut install: Value) -> Value {
        while install["state"] == "working" {
            install = self.newer(&install).await;
        }
        assert_eq!(install["state"], "waiting_for_person", "{install}");
        install
    }

    /// The install as soon as it is over. Nobody plays the person.
    pub(crate) async fn over(&self, mut install: Value) -> Value {
        while install["state"] != "done" && install["state"] != "failed" {
            install = self.newer(&install).await;
        }
        install
    }

    /// The server of a manifest that must install without a person.
    pub(crate) async fn install(&self, manifest: &Value) -> Value {
        let (status, install) = self.begin(manifest).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{install}");
        let install = self.over(install).await;
        assert_eq!(install["state"], "done", "{install}");
        install
    }
}
