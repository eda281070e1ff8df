//! `keyferry provider check`

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use keyferry_core::{
    diagnostic::{Diagnostic, Severity},
    id::InvalidId,
    provider::{Checked, ProviderFile, takes_place},
};
use serde_json::json;

use super::replay;
use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output,
};

/// More than a provider file may hold, in bytes; the reader says where its limit is.
const MOST_READ: u64 = 1024 * 1024;

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
    #[arg(long = "config", alias = "set", value_name = "NAME=VALUE", requires = "replay")]
    config: Vec<String>,
}

pub(crate) async fn run(global: &Global, args: &Args) -> CliResult {
    if let Some(folder) = &args.replay {
        let [file] = args.files.as_slice() else {
            return Err(CliError::usage("--replay plays one file").hint("name one FILE"));
        };
        return replay::run(global, file, folder, &args.config).await;
    }
    let found: Vec<_> = args.files.iter().flat_map(|file| check(file)).collect();
    report(global, &found, args.files.len())
}

fn check(file: &Path) -> Vec<Diagnostic> {
    match read(file) {
        Ok(checked) => checked
            .warnings
            .iter()
            .cloned()
            .chain(takes_place(&file.display().to_string(), &checked.file))
            .collect(),
        Err(findings) => findings,
    }
}

/// Reads a provider file. One that can't be read is a finding, too, so that what is wrong with others is still told.
pub(super) fn read(file: &Path) -> Result<Checked, Vec<Diagnostic>> {
    let shown = file.display().to_string();
    let unreadable = |message: String, hint: Option<&str>| {
        let (file, hint) = (shown.clone(), hint.map(str::to_owned));
        vec![Diagnostic { severity: Severity::Error, file, line: 1, column: 1, message, hint }]
    };
    if file.extension().is_none_or(|extension| extension != "toml") {
        let message = "a provider file's name ends in .toml; in a folder, this one is not read".to_owned();
        return Err(unreadable(message, Some("rename it, such as acme.toml")));
    }
    let text = text(file).map_err(|error| unreadable(format!("the file can't be read: {error}"), None))?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = stem.parse().map_err(|error: InvalidId| {
        let hint = "the file's name is the provider's name, such as acme.toml";
        unreadable(error.to_string(), Some(hint))
    })?;
    ProviderFile::parse(name, &shown, &text).map_err(|findings| findings.iter().cloned().collect())
}

/// As much of a file as tells that it is too long.
fn text(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(MOST_READ).read_to_string(&mut text)?;
    Ok(text)
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
