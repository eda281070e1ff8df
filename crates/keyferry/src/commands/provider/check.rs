//! `keyferry provider check`

use std::path::{Path, PathBuf};

use keyferry_core::{
    diagnostic::{Diagnostic, Severity},
    provider::ProviderFile,
};
use serde_json::json;

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output,
};

/// Checks provider files.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  keyferry provider check providers/acme.toml\n\nExit code 1 when a file has an error; warnings alone are fine."
)]
pub(crate) struct Args {
    /// The provider files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(global: &Global, args: &Args) -> CliResult {
    let mut found = Vec::new();
    for file in &args.files {
        found.extend(check(file)?);
    }
    report(global, &found, args.files.len())
}

fn check(file: &Path) -> CliResult<Vec<Diagnostic>> {
    let shown = file.display().to_string();
    let unreadable =
        |error: &dyn std::fmt::Display| CliError::failed("unreadable", format!("{shown}: {error}"));
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(&error))?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = stem.parse().map_err(|error| {
        unreadable(&error).hint("the file's name is the provider's name, such as acme.toml")
    })?;
    let findings = match ProviderFile::parse(name, &shown, &text) {
        Ok(checked) => checked.warnings,
        Err(findings) => findings,
    };
    Ok(findings.iter().cloned().collect())
}

/// Prints what was found in a number of files. Any error among it is a failure.
pub(crate) fn report(global: &Global, found: &[Diagnostic], files: usize) -> CliResult {
    let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
    let shown =
        json!({ "files": files, "errors": errors, "warnings": found.len() - errors, "diagnostics": found });
    output::data(global.json, &shown, |_| {
        let mut lines: Vec<_> = found.iter().map(ToString::to_string).collect();
        if found.is_empty() {
            lines.push(format!("{files} {} without findings", if files == 1 { "file" } else { "files" }));
        }
        lines.join("\n")
    });
    match errors {
        0 => Ok(()),
        1 => Err(CliError::failed("check_failed", "1 error")),
        errors => Err(CliError::failed("check_failed", format!("{errors} errors"))),
    }
}
