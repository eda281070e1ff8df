//! `keyferry catalog check`

use std::path::PathBuf;

use keyferry_app::{api::dto::ProviderList, home::find_running, providers::Providers};
use keyferry_core::{diagnostic::Diagnostic, manifest};

use crate::{
    cli::Global,
    commands::provider::check::report,
    error::{CliError, CliResult},
    parts,
    session::with_api,
};

/// Checks manifests.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  keyferry catalog check my-server.json\n\nExit code 1 when a file has an error; warnings alone are fine."
)]
pub(crate) struct Args {
    /// The manifest files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) async fn run(global: &Global, args: &Args) -> CliResult {
    let known = known_providers(global).await?;
    let mut found: Vec<Diagnostic> = Vec::new();
    for file in &args.files {
        let shown = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| CliError::failed("unreadable", format!("{shown}: {error}")))?;
        found.extend(manifest::check(&shown, &text, known.iter().map(String::as_str)).iter().cloned());
    }
    report(global, &found, args.files.len())
}

/// The providers of the running app, which may have been given other folders than this command; else those found here.
async fn known_providers(global: &Global) -> CliResult<Vec<String>> {
    let settings = parts::settings(global, None)?;
    if let Ok(Some(_)) = find_running(&settings.data_folder) {
        let list: ProviderList = with_api(global, async |api| api.get("/providers").await).await?;
        return Ok(list.providers.into_iter().map(|provider| provider.name).collect());
    }
    let found = Providers::load(&settings.data_folder.join("providers"), &settings.provider_folders).now();
    Ok(found.set().iter().map(|file| file.name.to_string()).collect())
}
