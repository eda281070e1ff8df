//! `keyferry connections list`

use keyferry_app::api::dto::{Connection, ConnectionList};

use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Scopes beyond this many characters are counted.
const WIDEST_SCOPES: usize = 60;

pub(crate) async fn run(global: &Global) -> CliResult {
    let list: ConnectionList = with_api(global, async |api| api.get("/connections").await).await?;
    output::data(global.json, &list, |list| {
        let rows: Vec<_> = list.connections.iter().map(row).collect();
        let empty = "You are signed in nowhere yet. Installing a server that needs an account starts the sign-in; `keyferry connections add PROVIDER` does it alone.";
        output::table(
            ["ID", "SERVICE", "ACCOUNT", "HEALTH", "EXPIRES", "REFRESHED", "USED BY", "SCOPES"],
            &rows,
            empty,
        )
    });
    if !global.json {
        list.problems.iter().for_each(output::warning);
    }
    Ok(())
}

fn row(connection: &Connection) -> [String; 8] {
    [
        connection.id.clone(),
        connection.provider_display_name.clone(),
        account(connection),
        connection.health.replace('_', " "),
        super::show::expiry(connection),
        connection.refreshed_at.map_or_else(String::new, output::time),
        connection.servers.join(", "),
        scopes(connection),
    ]
}

/// The person's own name for it goes before the service's.
fn account(connection: &Connection) -> String {
    match (&connection.label, &connection.account) {
        (Some(label), Some(account)) => format!("{label} ({account})"),
        (label, account) => label.as_ref().or(account.as_ref()).cloned().unwrap_or_default(),
    }
}

/// As many as fit; `connections show` has them all.
fn scopes(connection: &Connection) -> String {
    let mut shown = String::new();
    for (index, scope) in connection.scopes.iter().enumerate() {
        if index > 0 && shown.len() + scope.len() > WIDEST_SCOPES {
            return format!("{shown} and {} more", connection.scopes.len() - index);
        }
        shown = if shown.is_empty() { scope.clone() } else { format!("{shown} {scope}") };
    }
    shown
}
