//! The gateway over real HTTP, with a real client on one side and real servers on the other.

#![expect(
    deprecated,
    reason = "roots, sampling, logging and subscriptions live on in the versions before 2026-07-28"
)]

mod access;
mod asks;
mod client;
mod faults;
mod merged;
mod one;
mod remote;
mod rotated;
mod rounds;
mod stateless;
mod strangers;

use serde_json::{Value, json};

use crate::support::{TestApp, client as http_client};

/// A manifest of the server that has everything; its URIs begin with its name.
fn everything(name: &str) -> Value {
    super::install::plain(name, &["everything", name])
}

/// An app with these servers.
async fn app_with(names: &[&str]) -> TestApp {
    let app = TestApp::start().await;
    for name in names {
        app.install(&everything(name)).await;
    }
    app
}

/// An app, and the tokens of two clients that were set up.
async fn two_clients() -> (TestApp, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    for below in [".cursor", ".gemini"] {
        std::fs::create_dir_all(home.join(below)).unwrap();
    }
    let settings = crate::support::settings(folder.path());
    let app = TestApp::boot(folder, settings, |parts| {
        parts.environment.retain(|(name, _)| name != "HOME");
        parts.environment.push(("HOME".into(), home.into()));
    })
    .await;
    let token = async |name: &str| {
        let put = http_client().put(app.url(&format!("/api/v1/clients/{name}"))).json(&json!({}));
        let connected = put.bearer_auth(app.app.api_token().expose_secret()).send().await.unwrap();
        assert_eq!(connected.status(), reqwest::StatusCode::OK, "{}", connected.text().await.unwrap());
        let file = app.data_folder().join(format!("clients/{name}.token"));
        std::fs::read_to_string(file).unwrap().trim().to_owned()
    };
    let (cursor, gemini) = (token("cursor").await, token("gemini").await);
    (app, cursor, gemini)
}

/// The JSON in the text of a tool's answer.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
