//! `keyferry sandbox`

mod notes;
mod serve;

use crate::{cli::Global, error::CliResult};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry sandbox serve                      in a terminal of its own
  keyferry sandbox serve --provider acme      in the place of a service that you add";

/// The commands of the sandbox.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run the sandbox provider: an OAuth service of your own machine, to try things with
    Serve(serve::Args),
    /// Run its MCP server `sandbox-notes` on standard input and output
    #[command(
        after_help = "Example:\n  keyferry install sandbox-notes     starts it with a token, as any server\n\nIt reads SANDBOX_API_URL and SANDBOX_ACCESS_TOKEN or, without that, ~/.sandbox/token for every call."
    )]
    Notes,
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::Serve(args) => serve::run(global, args).await,
        Command::Notes => notes::run().await,
    }
}
