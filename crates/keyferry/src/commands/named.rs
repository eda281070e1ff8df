//! `keyferry start`, `keyferry stop` and `keyferry restart`

use keyferry_app::api::dto::Server;
use keyferry_core::id::ServerName;
use serde_json::json;

use super::status::shown;
use crate::{cli::Global, error::CliResult, output, session::with_api};

/// One server.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server's name
    pub(crate) name: ServerName,
}

pub(crate) async fn start(global: &Global, args: Args) -> CliResult {
    change(global, &args, "start").await
}

pub(crate) async fn stop(global: &Global, args: Args) -> CliResult {
    change(global, &args, "stop").await
}

pub(crate) async fn restart(global: &Global, args: Args) -> CliResult {
    change(global, &args, "restart").await
}

async fn change(global: &Global, args: &Args, verb: &str) -> CliResult {
    let path = format!("/servers/{}/{verb}", args.name);
    let (server, alone): (Server, bool) =
        with_api(global, async |api| Ok((api.post(&path, &json!({})).await?, api.is_alone().await))).await?;
    output::data(global.json, &server, shown);
    if alone && verb != "stop" {
        output::note("It works, and ended with this command. `keyferry app` keeps it running.");
    }
    Ok(())
}
