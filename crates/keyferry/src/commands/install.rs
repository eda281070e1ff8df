//! `keyferry install`

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _},
    path::Path,
    sync::OnceLock,
    time::Duration,
};

use keyferry_app::api::dto::{
    self, AuthMethod, Install, InstallRequest, InstallState, InstallStep, ManifestChoice, StepState,
};
use keyferry_core::{
    diagnostic::{Diagnostic, Severity},
    manifest,
};
use serde_json::Value;

use crate::{
    cli::Global,
    client::Api,
    commands::window::{self, Window},
    error::{CliError, CliResult},
    output,
    session::with_api_or_undo,
};

/// What the app answers where it has no container engine and was not told that a process will do.
const ONLY_AS_PROCESS: &str = "only_as_process";

/// How long one question for news waits.
const WAIT: Duration = Duration::from_secs(20);

/// Installs a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry install sandbox-notes
  keyferry install ./acme.json --set acme_url=https://acme.example
  keyferry install ./desk.json --config subdomain=acme
  keyferry install ./files.json --runtime container --network none
  keyferry install sandbox-notes --connection abcdefghijkl
  keyferry install ./slack.json --auth browser --keep-signed-in")]
pub(crate) struct Args {
    /// A manifest of the catalog, or a manifest file
    #[arg(value_name = "NAME|FILE")]
    manifest: String,
    /// A setting of the server; may stand several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// What the provider asks for before the sign-in, such as the name of your workspace; may stand several times
    #[arg(long = "config", value_name = "NAME=VALUE")]
    config: Vec<String>,
    /// How to sign in, where the manifest offers both
    #[arg(long)]
    auth: Option<Auth>,
    /// Use this connection instead of signing in
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// What runs the server; left out, a container where there is an engine, else you are asked
    #[arg(long)]
    runtime: Option<Runtime>,
    /// What of the network its container reaches [default: internet]
    #[arg(long)]
    network: Option<Network>,
    /// Let it run as a process where there is no container engine, and open a window in which a session token is read, without a question
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    window: Window,
    /// Print the sign-in page's address and open no browser
    #[arg(long)]
    no_browser: bool,
}

/// What runs a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// A child process, which may do what you may
    Process,
    /// A container of Podman or Docker
    Container,
}

/// What of the network a container reaches.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Network {
    /// Nothing
    None,
    /// The internet, and your private networks
    Internet,
    /// What this machine reaches, its own loopback with it
    Host,
}

impl From<Runtime> for dto::Runtime {
    fn from(runtime: Runtime) -> Self {
        match runtime {
            Runtime::Process => Self::Process,
            Runtime::Container => Self::Container,
        }
    }
}

impl From<Network> for dto::Network {
    fn from(network: Network) -> Self {
        match network {
            Network::None => Self::None,
            Network::Internet => Self::Internet,
            Network::Host => Self::Host,
        }
    }
}

/// The ways to sign in.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Auth {
    /// OAuth, in your own browser
    Oauth,
    /// A controlled browser window from which the token is read
    Browser,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let request = InstallRequest {
        manifest: choice(&args.manifest)?,
        settings: settings(&args.settings)?,
        config: config(&args.config)?,
        auth: args.auth.map(|auth| match auth {
            Auth::Oauth => AuthMethod::Oauth,
            Auth::Browser => AuthMethod::Browser,
        }),
        connection: args.connection,
        runtime: args.runtime.map(Into::into),
        network: args.network.map(Into::into),
        open_browser: !args.no_browser,
        window: args.window.choice(args.yes),
    };
    let begun = OnceLock::new();
    let work = async |api: &Api| {
        let mut request = request.clone();
        let install = loop {
            match follow(api, &request, &begun, &mut told).await {
                Err(error) if error.is(ONLY_AS_PROCESS) && (args.yes || may_be_a_process(&error)) => {
                    request.runtime = Some(dto::Runtime::Process);
                }
                Err(error) if error.is(window::NOT_AGREED) && window::agrees(&error) => {
                    request.window.agreed = true;
                }
                outcome => break outcome?,
            }
        };
        Ok((install, api.is_alone().await))
    };
    let (install, alone) = with_api_or_undo(global, work, async |api| cancel(api, &begun).await).await?;
    output::data(global.json, &install, |install| {
        format!("{} is installed. Its tools: {}", install.server, install.tools.join(", "))
    });
    if alone && !global.json {
        output::note("It ended with this command. `keyferry app` keeps it running.");
    }
    Ok(())
}

/// Asks whether a server may run as a process, where a person can answer.
fn may_be_a_process(error: &CliError) -> bool {
    if !io::stdin().is_terminal() || !output::watched() {
        return false;
    }
    output::note(&error.message());
    output::note("Let it run as a process all the same? [y/N]");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

pub(crate) fn config(given: &[String]) -> CliResult<BTreeMap<String, String>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(CliError::usage(format!("--config {text}: write it as NAME=VALUE"))),
    };
    given.iter().map(pair).collect()
}

/// Ends an install that was begun: whoever ends the command does not want it any more.
async fn cancel(api: &Api, begun: &OnceLock<String>) {
    let Some(id) = begun.get() else { return };
    let cancelled: CliResult<Install> = api.delete(&format!("/installs/{id}")).await;
    match cancelled {
        Ok(install) if install.state == InstallState::Done => output::note("it was installed already"),
        Ok(_) => output::note("the install is cancelled; nothing was left behind"),
        Err(error) => {
            error.report(false);
        }
    }
}

/// Starts an install and follows it to its end. `begun` gets its id, and `news` hears of each step once it changes.
pub(crate) async fn follow(
    api: &Api,
    request: &InstallRequest,
    begun: &OnceLock<String>,
    news: &mut dyn FnMut(&News<'_>),
) -> CliResult<Install> {
    let mut install: Install = api.post("/installs", request).await?;
    begun.get_or_init(|| install.id.clone());
    let mut heard: BTreeMap<usize, StepState> = BTreeMap::new();
    let mut page_told = false;
    let mut window_told = window::Told::default();
    loop {
        for step in &install.steps {
            if heard.insert(step.number, step.state) != Some(step.state) {
                news(&News::Step(step));
            }
        }
        if let Some(url) = install.authorization_url.as_deref().filter(|_| !page_told) {
            page_told = true;
            news(&News::Page(url));
        }
        for line in install.window.iter().flat_map(|window| window_told.news(window)) {
            news(&News::Window(&line));
        }
        match (install.state, install.error.take()) {
            (InstallState::Done, _) => return Ok(install),
            (InstallState::Failed, Some(problem)) => return Err(problem.into()),
            (InstallState::Failed, None) => {
                return Err(CliError::failed("install_failed", "the install failed"));
            }
            _ => {}
        }
        let path = format!("/installs/{}?after={}&wait={}", install.id, install.revision, WAIT.as_secs());
        install = api.get(&path).await?;
    }
}

/// What an install has to tell.
pub(crate) enum News<'n> {
    /// A step began or ended.
    Step(&'n InstallStep),
    /// The person has to look at a page.
    Page(&'n str),
    /// A window did something.
    Window(&'n str),
}

fn told(news: &News<'_>) {
    match news {
        News::Step(step) if step.state == StepState::Working && !output::watched() => {}
        News::Step(step) => output::note(&line(step)),
        News::Page(url) => output::note(&format!("  allow access here: {url}")),
        News::Window(line) => output::note(&format!("  {line}")),
    }
}

/// A step in a line.
pub(crate) fn line(step: &InstallStep) -> String {
    match step.state {
        StepState::Working | StepState::WaitingForPerson => format!("  … {}", step.text),
        StepState::Done => format!("  ✓ {} ({} ms)", step.text, step.elapsed_ms),
        StepState::Failed => format!("  ✗ {}", step.text),
    }
}

/// A file where it looks like one, else a name of the catalog.
fn choice(name: &str) -> CliResult<ManifestChoice> {
    let path = Path::new(name);
    let is_file = name.ends_with(".json") || name.contains(std::path::MAIN_SEPARATOR);
    if !is_file {
        return Ok(ManifestChoice::Named(name.to_owned()));
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        CliError::failed("unreadable", format!("{name} can't be read: {error}"))
            .hint("name a manifest file, or a manifest of `keyferry catalog list`")
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    // The app gets the manifest without its file, and could not say in which line of it a mistake stands.
    let findings = manifest::check(name, &text, []);
    let errors: Vec<_> = findings.iter().filter(|one| one.severity == Severity::Error).collect();
    if let [first, more @ ..] = errors.as_slice() {
        return Err(unusable(name, first, more.len()));
    }
    let json = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    let folder = std::path::absolute(path).ok().and_then(|path| path.parent().map(Path::to_owned));
    Ok(ManifestChoice::Inline { manifest: json, folder })
}

/// The first mistake in a manifest file, and how many more there are.
fn unusable(name: &str, first: &Diagnostic, more: usize) -> CliError {
    let place = format!("{}:{}:{}: {}", first.file, first.line, first.column, first.message);
    let hint = first.hint.iter().cloned();
    let rest = (more > 0).then(|| format!("`keyferry catalog check {name}` shows {more} more"));
    let hints: Vec<_> = hint.chain(rest).collect();
    CliError::failed("unusable_manifest", place).hint(hints.join("; "))
}

fn settings(given: &[String]) -> CliResult<BTreeMap<String, Value>> {
    let mut settings: BTreeMap<String, Value> = BTreeMap::new();
    for pair in given {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            CliError::usage(format!("--set {pair} has no value")).hint("write --set KEY=VALUE")
        })?;
        let value = Value::String(value.to_owned());
        match settings.get_mut(key) {
            None => drop(settings.insert(key.to_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Ok(settings)
}
