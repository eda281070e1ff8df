//! `keyferry audit`

mod verify;

use crate::{cli::Global, error::CliResult};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry audit verify
  keyferry audit verify --json";

/// The commands about the log of what happened to the connections.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say whether every line is as it was written
    #[command(
        after_help = "Examples:\n  keyferry audit verify\n  keyferry audit verify --json\n\nIt finds lines that were changed, taken out or cut off. An older copy of the whole vault fits itself."
    )]
    Verify,
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::Verify => verify::run(global).await,
    }
}
