//! Installs, from the request to a server that answers, and back.

#[cfg(unix)]
mod containers;
mod hosts;
mod refused;
mod retry;
mod running;
mod scopes;
mod sign_in;

use serde_json::{Value, json};

/// A manifest of the test server playing a part, without an account.
pub(crate) fn plain(name: &str, part: &[&str]) -> Value {
    json!({ "name": name, "server": { "type": "local", "command": "keyferry", "args": part } })
}

/// The same, with an account at the sandbox.
pub(crate) fn with_account(name: &str, part: &[&str]) -> Value {
    let mut manifest = plain(name, part);
    manifest["archestra_config"] = json!({ "oauth": { "provider": "sandbox", "required": true } });
    manifest
}
