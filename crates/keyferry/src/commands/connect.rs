//! `keyferry connect`

use keyferry_app::{
    api::dto::{Client, ClientList, ClientPreview, ConnectReport, ConnectRequest, DisconnectReport},
    clients::ClientName,
};

use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Sets up an MCP client.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry connect                       show the clients, and which are connected
  keyferry connect claude-desktop
  keyferry connect cursor --server sandbox-notes
  keyferry connect zed --print           change nothing, show what would be written
  keyferry connect zed --remove

Known are claude-desktop, claude-code, cursor, vscode, windsurf, zed, codex and gemini. The entry starts
`keyferry bridge`, which any other client can start as well. It holds no secret: each client has a token of
its own in the data folder, and --remove takes it away.")]
pub(crate) struct Args {
    /// The client; none shows all
    #[arg(value_name = "CLIENT")]
    client: Option<ClientName>,
    /// Give it this one server, instead of all
    #[arg(long, value_name = "NAME", requires = "client")]
    server: Option<String>,
    /// Change nothing, and print what would be written
    #[arg(long, requires = "client")]
    print: bool,
    /// Undo it: take the entry out and the client's token away
    #[arg(long, requires = "client", conflicts_with_all = ["print", "server"])]
    remove: bool,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let Some(client) = args.client else { return list(global).await };
    let path = format!("/clients/{client}");
    if args.remove {
        let report: DisconnectReport = with_api(global, async |api| api.delete(&path).await).await?;
        output::data(global.json, &report, undone);
        return Ok(());
    }
    if args.print {
        let query = args.server.map(|server| format!("?server={server}")).unwrap_or_default();
        let preview: ClientPreview =
            with_api(global, async |api| api.get(&format!("{path}{query}")).await).await?;
        output::data(global.json, &preview, |preview| preview.text.clone());
        if !global.json {
            output::note(&format!("This belongs into {}", preview.path.display()));
        }
        return Ok(());
    }
    let request = ConnectRequest { server: args.server };
    let report: ConnectReport = with_api(global, async |api| api.put(&path, &request).await).await?;
    output::data(global.json, &report, done);
    Ok(())
}

async fn list(global: &Global) -> CliResult {
    let list: ClientList = with_api(global, async |api| api.get("/clients").await).await?;
    output::data(global.json, &list, |list| {
        let rows: Vec<_> = list.clients.iter().map(row).collect();
        output::table(["NAME", "CLIENT", "STATE", "CONFIGURATION"], &rows, "")
    });
    Ok(())
}

fn row(client: &Client) -> [String; 4] {
    let state = match (client.connected, client.installed) {
        (true, _) => "connected",
        (false, true) => "installed",
        (false, false) => "",
    };
    let path = client.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    [client.name.clone(), client.display_name.clone(), state.to_owned(), path]
}

fn done(report: &ConnectReport) -> String {
    let ConnectReport { display_name, path, backup, changed, .. } = report;
    if !changed {
        return format!("{display_name} is connected already: {}", path.display());
    }
    let backup = backup.as_ref().map(|backup| format!("\nThe file as it was: {}", backup.display()));
    format!(
        "{display_name} is connected: {}{}\nRestart it to see the servers.",
        path.display(),
        backup.unwrap_or_default()
    )
}

fn undone(report: &DisconnectReport) -> String {
    let DisconnectReport { display_name, path, was_connected, restored, .. } = report;
    match (was_connected, restored) {
        (false, _) => format!("{display_name} was not connected; nothing was changed"),
        (true, true) => format!("{display_name} is disconnected; {} is what it was before", path.display()),
        (true, false) => format!("{display_name} is disconnected; the entry is out of {}", path.display()),
    }
}
