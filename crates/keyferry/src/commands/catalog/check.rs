//! `keyferry catalog check`

use std::{path::PathBuf, sync::Arc};

use keyferry_app::{
    api::dto::{ProviderDetail, ProviderList},
    home::find_running,
    providers::{Providers, Snapshot},
};
use keyferry_core::{
    diagnostic::Diagnostic,
    id::ProviderName,
    manifest::{self, Manifest},
};

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
        found.extend(manifest::check(&shown, &text, known.names()).iter().cloned());
        if let Some(provider) = provider(&shown, &text) {
            let delivered = known.variables(global, &provider).await?;
            found.extend(manifest::check_variables(&shown, &text, &delivered).iter().cloned());
        }
    }
    report(global, &found, args.files.len())
}

/// The provider that a manifest names, where it can be used.
fn provider(shown: &str, text: &str) -> Option<ProviderName> {
    Manifest::parse(shown, text).ok()?.manifest.sign_in.oauth.provider().cloned()
}

/// The providers that there are.
enum Known {
    /// Those of the running app, which may have been given other folders than this command.
    App(Vec<String>),
    /// Those found here.
    Here(Vec<String>, Arc<Snapshot>),
}

impl Known {
    fn names(&self) -> impl Iterator<Item = &str> {
        let (Self::App(names) | Self::Here(names, _)) = self;
        names.iter().map(String::as_str)
    }

    /// The variables that a provider gives to servers.
    async fn variables(&self, global: &Global, provider: &ProviderName) -> CliResult<Vec<String>> {
        match self {
            Self::App(names) if names.iter().any(|name| name == provider.as_str()) => {
                let path = format!("/providers/{provider}");
                let detail: ProviderDetail = with_api(global, async |api| api.get(&path).await).await?;
                Ok(detail.environment)
            }
            Self::App(_) => Ok(Vec::new()),
            Self::Here(_, now) => {
                let file = now.set().get(provider);
                Ok(file.map(|file| file.env.keys().map(ToString::to_string).collect()).unwrap_or_default())
            }
        }
    }
}

async fn known_providers(global: &Global) -> CliResult<Known> {
    let settings = parts::settings(global, None)?;
    if let Ok(Some(_)) = find_running(&settings.data_folder) {
        let list: ProviderList = with_api(global, async |api| api.get("/providers").await).await?;
        return Ok(Known::App(list.providers.into_iter().map(|provider| provider.name).collect()));
    }
    let now = Providers::load(&settings.data_folder.join("providers"), &settings.provider_folders).now();
    Ok(Known::Here(now.set().iter().map(|file| file.name.to_string()).collect(), now))
}
