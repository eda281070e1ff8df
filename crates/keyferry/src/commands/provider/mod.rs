//! `keyferry provider`

pub(crate) mod check;
mod list;
mod new;
mod replay;
mod show;
mod window;

use crate::{cli::Global, error::CliResult};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry provider list
  keyferry provider show jira
  keyferry provider check providers/acme.toml
  keyferry provider new acme --discover https://acme.example";

/// The commands about providers.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the providers, and whether the proxy has credentials for them
    #[command(after_help = "Examples:\n  keyferry provider list\n  keyferry provider list --json")]
    List,
    /// Show a provider: its file as understood, and what to register at the service
    Show(show::Args),
    /// Check provider files, and name every mistake with its line
    Check(check::Args),
    /// Write a commented provider file, from a few answers or a discovery document
    New(Box<new::Args>),
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::List => list::run(global).await,
        Command::Show(args) => show::run(global, args).await,
        Command::Check(args) => check::run(global, &args).await,
        Command::New(args) => new::run(global, *args).await,
    }
}
