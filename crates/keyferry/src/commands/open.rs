//! `keyferry open`

use std::path::Path;

use keyferry_app::{
    api::dto::PageLink,
    home::{find_running, write_page_link},
};
use serde_json::json;

use crate::{
    cli::Global,
    client::Api,
    error::{CliError, CliResult},
    output, parts,
    session::Host,
};

/// Opens the pages of a running app.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry open                           in the system's browser
  keyferry open --print                   print the link instead

The link lets in one browser, once, within five minutes. Whoever opens it may do what you may.")]
pub(crate) struct Args {
    /// Print the link, and open nothing
    #[arg(long)]
    print: bool,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let settings = parts::settings(global, None)?;
    if find_running(&settings.data_folder)?.is_none() {
        return Err(CliError::failed("not_running", "the app does not run, so it has no pages to open")
            .hint("run it: keyferry app"));
    }
    let api = Api::of(Host::shared(global)).await?;
    let link: PageLink = api.post("/page-links", &json!({})).await?;
    let opened = !args.print && settings.open_browser && opened(&settings.data_folder, &link)?;
    output::data(global.json, &link, |link| match opened {
        true => "The pages open in your browser. If they don't: keyferry open --print".to_owned(),
        false => link.url.clone(),
    });
    Ok(())
}

/// Hands the link to the browser in a file of the data folder: a command line can be read by every user of the machine.
fn opened(data_folder: &Path, link: &PageLink) -> CliResult<bool> {
    let file = write_page_link(data_folder, link)?;
    Ok(open::that_detached(file).is_ok())
}
