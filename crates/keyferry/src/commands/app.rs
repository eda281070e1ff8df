//! `keyferry app`

use keyferry_app::boot;
use serde_json::json;

use crate::{cli::Global, error::CliResult, output, parts, signals};

/// Runs the app until it is asked to end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry app                            on 127.0.0.1:7667
  keyferry app --listen 127.0.0.1:0       on a free port, which is printed

The app keeps the tokens fresh and the servers running. Servers that were running when it ended are started again.")]
pub(crate) struct Args {
    /// Where to listen; loopback alone [env: KEYFERRY_LISTEN] [default: 127.0.0.1:7667]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let settings = parts::settings(global, args.listen.as_deref())?;
    let folder = settings.data_folder.clone();
    let app = boot(settings, parts::parts(false)?).await?;
    let address = format!("http://{}", app.address());
    let ready = json!({ "address": address, "data_folder": folder });
    output::data(global.json, &ready, |_| {
        let folder = folder.display();
        format!("Keyferry runs at {address}, data in {folder}\nSee its pages: keyferry open")
    });
    signals::Ending::listen().asked().await;
    app.shutdown().await;
    Ok(())
}
