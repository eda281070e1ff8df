//! `keyferry provider check FILE --sign-in`

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use keyferry_app::browser::{Attempt, Chromium, ChromiumConfig, Progress, Refused, RefusedPart, attempt};
use keyferry_core::{
    diagnostic::Diagnostic,
    flow::Tokens,
    id::FactName,
    provider::{Browser, ProviderFile},
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::check;
use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output, parts,
    signals::Ending,
};

/// What is printed: names and hosts, and never a value that was read.
#[derive(Debug, Default, Serialize)]
struct Shown {
    diagnostics: Vec<Diagnostic>,
    /// Where the window may not go, and tried to.
    refused: Vec<RefusedHost>,
    /// What was read on the page of `extract_on`.
    read: Vec<String>,
    /// What is not required and was not there.
    absent: Vec<String>,
    /// What was still missing at the end; nothing where the page was never reached.
    missing: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct RefusedHost {
    host: String,
    reason: String,
    part: &'static str,
}

/// Tells what happens as it happens, for who is at the window.
#[derive(Debug, Default)]
struct Author(Mutex<(Vec<RefusedHost>, Vec<String>)>);

impl Progress for Author {
    fn refused(&self, refused: &Refused) {
        let part = match refused.part {
            RefusedPart::Page => "the window",
            RefusedPart::Frame => "a frame",
        };
        output::note(&format!("  {part} may not go to {}", refused.refusal));
        let reason = refused.refusal.reason.to_string();
        let host = RefusedHost { host: refused.refusal.host.clone(), reason, part };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.push(host);
    }

    fn missing(&self, missing: &[FactName]) {
        let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
        output::note(&format!(
            "  the page is reached; missing, or not of its pattern: {}",
            missing.join(", ")
        ));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = missing;
    }
}

pub(super) async fn run(global: &Global, path: &Path) -> CliResult {
    let checked = match check::read(path) {
        Ok(checked) => checked,
        Err(findings) => return check::report(global, &findings, 1),
    };
    let rules = browser(&checked.file)?;
    output::note(&format!(
        "Sign in in the window, until it shows {}. Nothing is kept.",
        rules.extract_on.as_str()
    ));
    let author = Author::default();
    let chromium = Chromium::new(ChromiumConfig {
        command: parts::settings(global, None)?.browser_command,
        environment: std::env::vars_os().collect(),
        watchdog: parts::parts(true)?.watchdog,
    });
    let outcome = window(&chromium, &rules, &author).await;
    let (refused, missing) = author.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (read, absent) = match &outcome {
        Ok(tokens) => sorted(&rules, tokens),
        Err(_) => Default::default(),
    };
    let missing = if outcome.is_ok() { Vec::new() } else { missing };
    let diagnostics = checked.warnings.iter().cloned().collect();
    output::data(global.json, &Shown { diagnostics, refused: refused.clone(), read, absent, missing }, human);
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => {
            let failed = CliError::failed(error.code(), &error);
            let hosts: Vec<_> = refused.iter().map(|place| format!("\"{}\"", place.host)).collect();
            Err(match hosts.as_slice() {
                [] => failed.hint(error.hint()),
                hosts => failed.hint(format!(
                    "if one of them is the service's or one at which its people sign in, add it to allow_hosts: {}",
                    hosts.join(", ")
                )),
            })
        }
    }
}

fn browser(file: &ProviderFile) -> CliResult<Arc<Browser>> {
    let browser = file.browser().cloned().map(Arc::new);
    browser.ok_or_else(|| {
        CliError::failed("not_in_window", "the file has no [browser]")
            .hint("--sign-in is for a sign-in without OAuth; --replay plays one with it")
    })
}

async fn window(chromium: &Chromium, rules: &Arc<Browser>, author: &Author) -> Result<Tokens, Attempt> {
    let profile = tempfile::Builder::new().prefix("keyferry-").tempdir();
    let profile = profile.map_err(keyferry_app::browser::BrowserError::Profile)?;
    let cancelled = CancellationToken::new();
    let (ending, cancel) = (Ending::listen(), cancelled.clone());
    let listening = tokio::spawn(async move {
        ending.asked().await;
        cancel.cancel();
    });
    let outcome = attempt(chromium, rules, (profile.path(), true), author, &cancelled).await;
    listening.abort();
    outcome
}

/// What was read of the file's tokens, and what was not.
fn sorted(rules: &Browser, tokens: &Tokens) -> (Vec<String>, Vec<String>) {
    let is_read = |name: &FactName| match name.as_str() {
        "access_token" => true,
        "refresh_token" => tokens.refresh_token.is_some(),
        _ => tokens.metadata.get(name).is_some(),
    };
    let names = rules.tokens.iter().map(|token| &token.name);
    let (read, absent): (Vec<_>, Vec<_>) = names.partition(|name| is_read(name));
    let texts = |names: Vec<&FactName>| names.into_iter().map(ToString::to_string).collect();
    (texts(read), texts(absent))
}

fn human(shown: &Shown) -> String {
    let mut lines: Vec<_> = shown.diagnostics.iter().map(ToString::to_string).collect();
    lines.extend(
        shown
            .refused
            .iter()
            .map(|place| format!("refused: {}, for {} ({})", place.host, place.part, place.reason)),
    );
    lines.extend(shown.read.iter().map(|name| format!("read: {name}")));
    lines.extend(shown.absent.iter().map(|name| format!("not there, and not required: {name}")));
    lines.extend(shown.missing.iter().map(|name| format!("missing, or not of its pattern: {name}")));
    lines.join("\n")
}
