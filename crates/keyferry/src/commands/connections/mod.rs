//! `keyferry connections`

mod list;
mod refresh;
mod revoke;
mod show;

use keyferry_app::api::dto::RevocationReport;

use crate::{cli::Global, error::CliResult};

/// The commands about connections.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the accounts that you signed in to
    List,
    /// Show a connection: its scopes, its expiry, the servers that use it
    Show(Id),
    /// Refresh a connection's tokens now
    Refresh(Id),
    /// End a connection: at the service, then here
    Revoke(Id),
}

/// One connection.
#[derive(Debug, clap::Args)]
pub(crate) struct Id {
    /// The connection's id, as `connections list` shows it
    #[arg(value_name = "ID")]
    id: String,
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::List => list::run(global).await,
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
