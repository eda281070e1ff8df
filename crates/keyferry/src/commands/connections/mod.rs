//! `keyferry connections`

mod history;
mod list;
mod refresh;
mod relabel;
mod revoke;
mod show;
mod sign_in;

use keyferry_app::api::dto::RevocationReport;
use keyferry_core::id::ConnectionId;

use crate::{cli::Global, error::CliResult};

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry connections list
  keyferry connections add jira
  keyferry connections show abcdefghijkl
  keyferry connections sign-in abcdefghijkl
  keyferry connections revoke abcdefghijkl";

/// The commands about connections.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the accounts that you signed in to
    #[command(after_help = "Examples:\n  keyferry connections list\n  keyferry connections list --json")]
    List,
    /// Sign in to another account
    Add(sign_in::Add),
    /// Show a connection: its scopes, its expiry, its health, the servers that use it
    #[command(after_help = "Example:\n  keyferry connections show abcdefghijkl")]
    Show(Id),
    /// Sign in to an account again, for every server that uses it
    SignIn(sign_in::Again),
    /// Give a connection a name of your own
    Relabel(relabel::Args),
    /// Show what happened to a connection
    History(history::Args),
    /// Refresh a connection's tokens now
    #[command(
        after_help = "Example:\n  keyferry connections refresh abcdefghijkl\n\nThe app does this by itself, before a token expires."
    )]
    Refresh(Id),
    /// End a connection: at the service, then here
    #[command(
        after_help = "Example:\n  keyferry connections revoke abcdefghijkl\n\nServers that use it have no account then. Uninstalling the last of them revokes it too."
    )]
    Revoke(Id),
}

/// One connection.
#[derive(Debug, clap::Args)]
pub(crate) struct Id {
    /// The connection's id, as `connections list` shows it
    #[arg(value_name = "ID")]
    id: ConnectionId,
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::List => list::run(global).await,
        Command::Add(args) => sign_in::add(global, args).await,
        Command::SignIn(args) => sign_in::again(global, args).await,
        Command::Relabel(args) => relabel::run(global, args).await,
        Command::History(args) => history::run(global, args).await,
        Command::Show(id) => show::run(global, id).await,
        Command::Refresh(id) => refresh::run(global, id).await,
        Command::Revoke(id) => revoke::run(global, id).await,
    }
}

impl Id {
    fn path(&self, below: &str) -> String {
        format!("/connections/{}{below}", self.id)
    }
}

/// What became of a grant, in a sentence.
pub(crate) fn told(report: &RevocationReport) -> String {
    report.text.clone()
}
