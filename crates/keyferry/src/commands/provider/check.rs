//! `keyferry provider check`

use std::path::{Path, PathBuf};

use keyferry_core::{
    diagnostic::{Diagnostic, Diagnostics, Severity},
    provider::{Checked, ProviderFile},
};
use serde_json::json;

use super::replay;
use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output,
};

/// Checks provider files.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry provider check providers/acme.toml
  keyferry provider check providers/acme.toml --replay replies/acme   with replies that you recorded

DIR holds what the service answered: callback.txt (the query of its redirect, {state} where the state stands), token.http, refresh.http,
error.http (the refresh of a dead grant) and account.http, each with status line, headers, an empty line and the body.
No request leaves your machine, and no secret is printed.

Exit code 1 when a file has an error, or a replay fails; warnings alone are fine.")]
pub(crate) struct Args {
    /// The provider files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Play the whole flow of one file against replies that were recorded at the service
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
    /// A value that the file asks of the person, for the replay; may stand several times
    #[arg(long = "set", value_name = "NAME=VALUE", requires = "replay")]
    config: Vec<String>,
}

pub(crate) async fn run(global: &Global, args: &Args) -> CliResult {
    if let Some(folder) = &args.replay {
        let [file] = args.files.as_slice() else {
            return Err(CliError::usage("--replay plays one file").hint("name one FILE"));
        };
        return replay::run(global, file, folder, &args.config).await;
    }
    let mut found = Vec::new();
    for file in &args.files {
        found.extend(check(file)?);
    }
    report(global, &found, args.files.len())
}

fn check(file: &Path) -> CliResult<Vec<Diagnostic>> {
    let findings = match read(file)? {
        Ok(checked) => checked.warnings,
        Err(findings) => findings,
    };
    Ok(findings.iter().cloned().collect())
}

/// Reads a provider file.
pub(super) fn read(file: &Path) -> CliResult<Result<Checked, Diagnostics>> {
    let shown = file.display().to_string();
    let unreadable =
        |error: &dyn std::fmt::Display| CliError::failed("unreadable", format!("{shown}: {error}"));
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(&error))?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = stem.parse().map_err(|error| {
        unreadable(&error).hint("the file's name is the provider's name, such as acme.toml")
    })?;
    Ok(ProviderFile::parse(name, &shown, &text))
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
