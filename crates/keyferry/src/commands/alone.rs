//! The commands of a program that is built for the proxy alone, without the feature `app`.

pub(crate) mod completions;
pub(crate) mod proxy;

use crate::{cli::Cli, error::CliResult};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Example:
  keyferry proxy                              run the tier that holds the client secrets

This program holds the proxy alone. Exit codes: 0 done, 1 failed, 2 usage.";

/// The libraries that log whole messages: none is in this program.
pub(crate) const MESSAGES_LOG_TARGETS: [&str; 0] = [];

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run the OAuth proxy, which holds the client secrets
    Proxy(proxy::Args),
    /// Print a completion script for your shell
    Completions(completions::Args),
}

// === impl Command ===

impl Command {
    /// Whether it serves others until it is asked to end.
    pub(crate) fn is_service(&self) -> bool {
        matches!(self, Self::Proxy(_))
    }
}

/// Runs a command.
pub(crate) async fn run(cli: Cli) -> CliResult {
    match cli.command {
        Command::Proxy(args) => proxy::run(&cli.global, args).await,
        Command::Completions(args) => completions::run(&args),
    }
}
