//! `keyferry status`

use keyferry_app::api::dto::{Server, Status};
use keyferry_core::id::ServerName;

use super::list::state;
use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Shows a server, or the app.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  keyferry status                   the app\n  keyferry status sandbox-notes     one server"
)]
pub(crate) struct Args {
    /// The server's name; without it the app itself is shown
    name: Option<ServerName>,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let Some(name) = args.name else { return app(global).await };
    let path = format!("/servers/{name}");
    let server: Server = with_api(global, async |api| api.get(&path).await).await?;
    output::data(global.json, &server, shown);
    Ok(())
}

async fn app(global: &Global) -> CliResult {
    let (status, alone): (Status, bool) =
        with_api(global, async |api| Ok((api.get("/status").await?, api.is_alone().await))).await?;
    output::data(global.json, &status, |status| {
        let running = if alone {
            "not running; this command booted one for itself".to_owned()
        } else {
            format!("http://{}", status.address)
        };
        output::facts(&[
            ("app", running),
            ("version", status.version.clone()),
            ("data", status.data_folder.clone()),
            ("vault key", status.vault_key.clone()),
            ("proxy", status.proxy_url.clone()),
            (
                "servers",
                format!("{} installed, {} running", status.servers_installed, status.servers_running),
            ),
            ("connections", status.connections.to_string()),
            ("providers", status.providers.to_string()),
            ("catalog", format!("{} manifests", status.catalog_entries)),
            (
                "problems",
                status.problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("\n"),
            ),
        ])
    });
    Ok(())
}

/// A server's facts.
pub(super) fn shown(server: &Server) -> String {
    let connection =
        server.connection.as_ref().map(|connection| format!("{} ({})", connection.provider, connection.id));
    output::facts(&[
        ("name", server.name.clone()),
        ("title", server.display_name.clone()),
        ("state", state(server)),
        ("hint", server.problem.as_ref().and_then(|problem| problem.hint.clone()).unwrap_or_default()),
        ("runtime", server.runtime.clone()),
        ("process", server.pid.map(|pid| pid.to_string()).unwrap_or_default()),
        (
            "running since",
            server
                .running_since
                .map(|since| since.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
                .unwrap_or_default(),
        ),
        ("restarts", server.restarts.to_string()),
        ("account", connection.unwrap_or_default()),
    ])
}
