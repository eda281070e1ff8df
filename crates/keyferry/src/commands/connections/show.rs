//! `keyferry connections show`

use keyferry_app::api::dto::Connection;

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
        ("state", connection.state.replace('_', " ")),
        ("scopes", connection.scopes.join(" ")),
        ("connected", output::time(connection.created_at)),
        ("expires", expiry(connection)),
        ("refreshed by itself", if connection.refreshable { "yes" } else { "no" }.to_owned()),
        ("used by", connection.servers.join(", ")),
    ])
}

/// When the access token ends.
pub(super) fn expiry(connection: &Connection) -> String {
    connection.expires_at.map_or_else(|| "never, or not known".to_owned(), output::time)
}
