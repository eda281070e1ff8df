//! `keyferry sandbox serve`

use std::net::SocketAddr;

use keyferry_sandbox::serve;

use crate::{
    error::{CliError, CliResult},
    output, signals,
};

/// Runs the sandbox provider.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keyferry sandbox serve

It prints what the proxy needs in its environment. Everything is forgotten when it ends.")]
pub(crate) struct Args {
    /// Where to listen; loopback alone
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7668")]
    listen: SocketAddr,
}

pub(crate) async fn run(args: Args) -> CliResult {
    let serving = serve(args.listen, None).await.map_err(|error| {
        CliError::failed("sandbox_start", format!("{} can't be listened on: {error}", args.listen))
            .hint("choose another address with --listen")
    })?;
    output::line(&serving.announcement().expose_text());
    serving.until(signals::asked_to_end()).await;
    Ok(())
}
