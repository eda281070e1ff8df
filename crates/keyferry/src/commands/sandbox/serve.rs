//! `keyferry sandbox serve`

use std::{io, net::SocketAddr};

use keyferry_core::id::ProviderName;
use keyferry_sandbox::{Announcement, serve};

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output, signals,
};

/// Runs the sandbox provider.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry sandbox serve
  keyferry sandbox serve --provider acme      in the place of a service that you add

It prints what the proxy needs in its .env. Everything is forgotten when it ends.")]
pub(crate) struct Args {
    /// Where to listen; loopback alone
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7668")]
    listen: SocketAddr,
    /// The provider in whose place it stands: it sends people back to that one's callback
    #[arg(long, value_name = "NAME", default_value = "sandbox")]
    provider: ProviderName,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let elsewhere = "choose another address with --listen";
    let serving = serve(args.listen, None, args.provider).await.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => CliError::usage(error).hint(elsewhere),
        _ => CliError::failed("sandbox_start", format!("{} can't be listened on: {error}", args.listen))
            .hint(elsewhere),
    })?;
    let ending = signals::Ending::listen();
    output::data(global.json, &serving.announcement().expose_json(), |_| {
        Announcement::expose_text(&serving.announcement())
    });
    serving.until(ending.asked()).await;
    Ok(())
}
