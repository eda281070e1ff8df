//! `keyferry connections list`

use keyferry_app::api::dto::{Connection, ConnectionList};

use crate::{cli::Global, error::CliResult, output, session::with_api};

pub(crate) async fn run(global: &Global) -> CliResult {
    let list: ConnectionList = with_api(global, async |api| api.get("/connections").await).await?;
    output::data(global.json, &list, |list| {
        let rows: Vec<_> = list.connections.iter().map(row).collect();
        let empty =
            "You are signed in nowhere yet. Installing a server that needs an account starts the sign-in.";
        output::table(["ID", "SERVICE", "ACCOUNT", "STATE", "EXPIRES", "USED BY"], &rows, empty)
    });
    if !global.json {
        list.problems.iter().for_each(output::warning);
    }
    Ok(())
}

fn row(connection: &Connection) -> [String; 6] {
    [
        connection.id.clone(),
        connection.provider_display_name.clone(),
        connection.account.clone().unwrap_or_default(),
        connection.state.replace('_', " "),
        super::show::expiry(connection),
        connection.servers.join(", "),
    ]
}
