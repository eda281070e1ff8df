//! `keyferry catalog check`

use std::path::PathBuf;

use keyferry_app::providers::Providers;
use keyferry_core::{diagnostic::Diagnostic, manifest};

use crate::{
    cli::Global,
    commands::provider::check::report,
    error::{CliError, CliResult},
    parts,
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

pub(crate) fn run(global: &Global, args: &Args) -> CliResult {
    let settings = parts::settings(global, None)?;
    let providers = Providers::load(&settings.data_folder.join("providers"), &settings.provider_folders);
    let known: Vec<_> = providers.set().iter().map(|file| file.name.as_str()).collect();
    let mut found: Vec<Diagnostic> = Vec::new();
    for file in &args.files {
        let shown = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| CliError::failed("unreadable", format!("{shown}: {error}")))?;
        found.extend(manifest::check(&shown, &text, known.iter().copied()).iter().cloned());
    }
    report(global, &found, args.files.len())
}
