//! `keyferry connections relabel`

use keyferry_app::api::dto::{Connection, ConnectionChange};

use super::{Id, show::human};
use crate::{cli::Global, error::CliResult, output, session::with_api};

/// A connection and its name.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry connections relabel abcdefghijkl work
  keyferry connections relabel abcdefghijkl          takes the label away")]
pub(crate) struct Args {
    #[command(flatten)]
    id: Id,
    /// What you call it
    #[arg(value_name = "LABEL")]
    label: Option<String>,
}

pub(crate) async fn run(global: &Global, Args { id, label }: Args) -> CliResult {
    let (path, change) = (id.path(""), ConnectionChange { label });
    let connection: Connection = with_api(global, async |api| api.patch(&path, &change).await).await?;
    output::data(global.json, &connection, human);
    Ok(())
}
