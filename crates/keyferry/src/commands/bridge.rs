//! `keyferry bridge`

use keyferry_app::clients::ClientName;
use keyferry_core::id::ServerName;

use crate::{bridge, cli::Global, error::CliResult};

/// Serves MCP on standard input and output, for clients that start their servers themselves.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry bridge                    all installed servers, their tools named server__tool
  keyferry bridge sandbox-notes      one server, as it is

`keyferry connect` sets up the clients it knows; any other is given the command `keyferry` and the arguments above. Messages go to the running app's gateway;
when no app runs, this command runs one until its client ends it, which other commands and bridges then use.")]
pub(crate) struct Args {
    /// The server; all of them without it
    server: Option<ServerName>,
    /// Come as this client, with its own token, which opens the gateway alone
    #[arg(long, value_name = "NAME")]
    client: Option<ClientName>,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    bridge::run(global, args.server.as_ref(), args.client).await
}
