//! `keyferry catalog`

mod check;
mod list;
mod show;
mod sources;

use crate::{cli::Global, error::CliResult};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry catalog list
  keyferry catalog list --search notes
  keyferry catalog show sandbox-notes
  keyferry catalog sources add https://example.com/catalog.json
  keyferry catalog check my-server.json";

/// The commands about manifests.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the servers that can be installed
    List(list::Args),
    /// Show a manifest: what it runs, asks and needs
    Show(show::Args),
    /// Check manifest files, and name every mistake with its line
    Check(check::Args),
    /// List, add, remove and refresh the sources of manifests: folders and lists at URLs
    #[command(subcommand, after_help = sources::EXAMPLES)]
    Sources(sources::Command),
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::List(args) => list::run(global, args).await,
        Command::Show(args) => show::run(global, args).await,
        Command::Check(args) => check::run(global, &args).await,
        Command::Sources(command) => sources::run(global, command).await,
    }
}
