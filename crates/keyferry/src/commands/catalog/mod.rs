//! `keyferry catalog`

mod check;
mod list;
mod show;

use crate::{cli::Global, error::CliResult};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry catalog list
  keyferry catalog show sandbox-notes
  keyferry catalog check my-server.json";

/// The commands about manifests.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the servers that can be installed
    #[command(after_help = "Examples:\n  keyferry catalog list\n  keyferry catalog list --json")]
    List,
    /// Show a manifest: what it runs, asks and needs
    Show(show::Args),
    /// Check manifest files, and name every mistake with its line
    Check(check::Args),
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::List => list::run(global).await,
        Command::Show(args) => show::run(global, args).await,
        Command::Check(args) => check::run(global, &args).await,
    }
}
