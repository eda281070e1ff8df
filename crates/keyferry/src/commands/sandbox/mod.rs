//! `keyferry sandbox`

mod notes;
mod serve;

use crate::error::CliResult;

/// The commands of the sandbox.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run the sandbox provider: an OAuth service of your own machine, to try things with
    Serve(serve::Args),
    /// Run its MCP server `sandbox-notes` on standard input and output
    Notes,
}

pub(crate) async fn run(command: Command) -> CliResult {
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::Notes => notes::run().await,
    }
}
