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
mod stateless;

use serde_json::{Value, json};

use crate::support::TestApp;

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

/// The JSON in the text of a tool's answer.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
