//! `keyferry logs`

use keyferry_app::api::dto::ServerLogs;
use keyferry_core::id::ServerName;

use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Shows the end of a server's log.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  keyferry logs sandbox-notes --lines 20")]
pub(crate) struct Args {
    /// The server's name
    name: ServerName,
    /// How many lines
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    lines: u32,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let path = format!("/servers/{}/logs?lines={}", args.name, args.lines);
    let logs: ServerLogs = with_api(global, async |api| api.get(&path).await).await?;
    output::data(global.json, &logs, |logs| logs.lines.join("\n"));
    Ok(())
}
