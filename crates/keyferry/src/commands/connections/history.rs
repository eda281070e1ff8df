//! `keyferry connections history`

use keyferry_app::api::dto::{ConnectionEvent, ConnectionHistory};

use super::Id;
use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Whose history, and how much of it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry connections history abcdefghijkl
  keyferry connections history abcdefghijkl --lines 1000 --json

Also of a connection that was revoked. `keyferry audit verify` says whether the log is as it was written.")]
pub(crate) struct Args {
    #[command(flatten)]
    id: Id,
    /// How many of the newest lines
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    lines: u32,
}

pub(crate) async fn run(global: &Global, Args { id, lines }: Args) -> CliResult {
    let path = id.path(&format!("/history?lines={lines}"));
    let history: ConnectionHistory = with_api(global, async |api| api.get(&path).await).await?;
    output::data(global.json, &history, |history| {
        let rows: Vec<_> = history.events.iter().map(row).collect();
        output::table(["TIME", "WHAT", "DETAIL"], &rows, "Nothing has happened to it since there is a log.")
    });
    Ok(())
}

fn row(event: &ConnectionEvent) -> [String; 3] {
    [output::time(event.at), event.event.replace('_', " "), event.detail.clone().unwrap_or_default()]
}
