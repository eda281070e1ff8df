//! `keyferry connections show`

use keyferry_app::api::dto::{Connection, ConnectionFailure};

use super::Id;
use crate::{cli::Global, error::CliResult, output, session::with_api};

pub(crate) async fn run(global: &Global, id: Id) -> CliResult {
    let path = id.path("");
    let connection: Connection = with_api(global, async |api| api.get(&path).await).await?;
    output::data(global.json, &connection, human);
    Ok(())
}

pub(super) fn human(connection: &Connection) -> String {
    output::facts(&[
        ("id", connection.id.clone()),
        ("service", connection.provider_display_name.clone()),
        ("account", connection.account.clone().unwrap_or_default()),
        ("label", connection.label.clone().unwrap_or_default()),
        ("signed in", signed_in(connection)),
        ("health", health(connection)),
        ("last failure", connection.failure.as_ref().map(failure).unwrap_or_default()),
        ("scopes", connection.scopes.join(" ")),
        ("not allowed", connection.missing_scopes.join(" ")),
        ("connected", output::time(connection.created_at)),
        ("refreshed", connection.refreshed_at.map_or_else(String::new, output::time)),
        ("expires", expiry(connection)),
        ("refreshed by itself", if connection.refreshable { "yes" } else { "no" }.to_owned()),
        ("used by", connection.servers.join(", ")),
    ])
}

/// How the person signed in, where that was not with OAuth.
fn signed_in(connection: &Connection) -> String {
    match (connection.kind.as_str(), connection.stays_signed_in) {
        ("browser", true) => "in a window, whose profile is kept: signing in again is a click".to_owned(),
        ("browser", false) => "in a window, whose profile was thrown away".to_owned(),
        _ => String::new(),
    }
}

/// How it does, and what is done about it.
fn health(connection: &Connection) -> String {
    let next = connection.next_attempt_at.map(output::time).unwrap_or_default();
    match connection.health.as_str() {
        "good" if next.is_empty() => "good".to_owned(),
        "good" => format!("good; refreshed by itself from {next} on"),
        "due" => "due; it is refreshed now".to_owned(),
        "failing" => format!("its refresh fails; tried again from {next} on"),
        "resting" => format!("its provider does not answer or wants a pause; refreshed from {next} on"),
        "unsaved" => {
            "its new tokens could not be saved yet: look at the disk; nothing is lost while the app runs"
                .to_owned()
        }
        "needs_sign_in" => format!("needs sign-in: `keyferry connections sign-in {}`", connection.id),
        "revocation_pending" => format!("ended here; its provider is told from {next} on"),
        other => other.to_owned(),
    }
}

fn failure(failure: &ConnectionFailure) -> String {
    let times = if failure.count > 1 { format!(", {} in a row", failure.count) } else { String::new() };
    format!("{} at {}{times}", failure.code, output::time(failure.at))
}

/// When the access token ends.
pub(super) fn expiry(connection: &Connection) -> String {
    connection.expires_at.map_or_else(|| "never, or not known".to_owned(), output::time)
}
