//! `keyferry provider check FILE --replay DIR`

use std::{collections::BTreeMap, path::Path};

use keyferry::replay::{Delivered, Play, Report, Step, play};
use keyferry_core::{diagnostic::Diagnostic, id::FactName};
use keyferry_sandbox::stand_in::{Recording, SeenRequest};
use serde::Serialize;

use super::check;
use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output,
};

/// What is printed.
#[derive(Serialize)]
struct Shown {
    diagnostics: Vec<Diagnostic>,
    #[serde(flatten)]
    report: Report,
}

pub(super) async fn run(global: &Global, file: &Path, folder: &Path, config: &[String]) -> CliResult {
    let checked = match check::read(file) {
        Ok(checked) => checked,
        Err(findings) => return check::report(global, &findings, 1),
    };
    let recording = Recording::read(folder).map_err(|error| CliError::failed("recording", error))?;
    let config = config.iter().map(|pair| value(pair)).collect::<CliResult<BTreeMap<_, _>>>()?;
    let report = play(Play { file: &checked.file, recording, config }).await;
    let report = report.map_err(|error| CliError::failed("replay", &error).hint(error.hint()))?;
    let shown = Shown { diagnostics: checked.warnings.iter().cloned().collect(), report };
    output::data(global.json, &shown, human);
    let Shown { report, .. } = shown;
    if report.succeeded() {
        return Ok(());
    }
    let failed = match report.failures.len() {
        0 => CliError::failed("replay_failed", "there is nothing to play"),
        1 => CliError::failed("replay_failed", "the replay failed at one point"),
        points => CliError::failed("replay_failed", format!("the replay failed at {points} points")),
    };
    let missing = report.missing.join(" and ");
    let hint = match report.failures.is_empty() {
        true => format!("record {missing} at the service; `keyferry provider check --help` says how"),
        false => "change the file until the flow goes through, or record the replies anew".to_owned(),
    };
    Err(failed.hint(hint))
}

fn value(pair: &str) -> CliResult<(FactName, String)> {
    let usage = |message: String| CliError::usage(message).hint("write --config NAME=VALUE");
    let (name, value) = pair.split_once('=').ok_or_else(|| usage(format!("--config {pair} has no value")))?;
    Ok((name.parse().map_err(|error| usage(format!("--config: {error}")))?, value.to_owned()))
}

fn human(shown: &Shown) -> String {
    let Shown { diagnostics, report } = shown;
    let mut lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    report.steps.iter().for_each(|step| tell(step, &mut lines));
    if let Some(server) = &report.server {
        lines.push("A server would get".to_owned());
        lines.extend(delivered(server));
    }
    if let Some(server) = &report.after_refresh {
        lines.push("After a refresh it would get".to_owned());
        lines.extend(delivered(server));
    }
    lines.extend(report.missing.iter().map(|name| format!("Not played, for there is no {name}")));
    lines.extend(report.notes.iter().map(|note| format!("Left out: {note}")));
    lines.extend(report.failures.iter().map(|failure| format!("FAILED {failure}")));
    lines.join("\n")
}

fn tell(step: &Step, lines: &mut Vec<String>) {
    lines.push(format!("{}: {}", step.name, step.outcome));
    for request in &step.requests {
        lines.push(format!("  {} {}{}", request.method, request.url, manner(request)));
        lines.extend(request.parameters.iter().map(|(name, value)| format!("    {name} = {value}")));
        let fields = request.answered.join(", ");
        let with = if fields.is_empty() { String::new() } else { format!(" with {fields}") };
        lines.push(format!("  answered {}{with}", request.status));
    }
}

/// How a request is written and authenticated.
fn manner(request: &SeenRequest) -> String {
    let format = request.format.as_ref().map(|format| format!(" as {format}"));
    let header = request.authorization.as_ref().map(|value| format!(", Authorization: {value}"));
    [format, header].into_iter().flatten().collect()
}

fn delivered(delivered: &Delivered) -> Vec<String> {
    let mut lines: Vec<_> = delivered.env.iter().map(|(name, value)| format!("  {name} = {value}")).collect();
    for file in &delivered.files {
        lines.push(format!("  {} ({})", file.path, file.mode));
        lines.extend(file.content.lines().map(|line| format!("    {line}")));
    }
    if lines.is_empty() {
        lines.push("  nothing".to_owned());
    }
    lines
}
