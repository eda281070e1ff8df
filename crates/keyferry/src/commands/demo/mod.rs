//! `keyferry demo`: the whole path, on the sandbox provider.
//!
//! Sandbox, proxy and app run in this process and speak to each other over real sockets; the MCP server is a process or a container of its own. What is
//! printed about the path was seen on it.

mod person;
mod stage;
mod steps;

use std::sync::OnceLock;

use keyferry_app::api::dto::{InstallRequest, ManifestChoice, Network, UninstallReport, WindowChoice};
use serde_json::{Value, json};

use super::{
    call::answer,
    install::{Runtime, follow},
};
use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output, parts, signals,
};
use person::Person;
use stage::Stage;
use steps::Steps;

/// Shows all of it at work.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry demo          you click Allow on the sandbox's page
  keyferry demo --yes    it plays the person too
  keyferry demo --yes --runtime container

Everything is in a temporary folder, and gone afterwards.")]
pub(crate) struct Args {
    /// Play the person: follow the consent page and allow
    #[arg(long)]
    yes: bool,
    /// What runs the server
    #[arg(long, default_value = "process")]
    runtime: Runtime,
}

/// The server of the built-in catalog that is installed.
const SERVER: &str = "sandbox-notes";

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let mut steps = Steps::begin(global.json);
    let open_browser = parts::settings(global, None)?.open_browser && !args.yes;
    // Heard from here on, so that the temporary folder goes whenever the person leaves.
    let ending = signals::Ending::listen();
    let stage = Stage::set(global, &mut steps).await?;
    let outcome = tokio::select! {
        outcome = play(&stage, &args, open_browser, &mut steps) => outcome,
        () = ending.asked() => Err(CliError::failed("interrupted", "interrupted")),
    };
    stage.strike().await;
    let answer = outcome?;
    steps.end(&answer);
    Ok(())
}

async fn play(stage: &Stage, args: &Args, open_browser: bool, steps: &mut Steps) -> CliResult<Value> {
    install(stage, args, open_browser, steps).await?;
    let whoami = tool(stage, steps, "whoami", json!({})).await?;
    tool(stage, steps, "add_note", json!({ "text": "carried over by Keyferry" })).await?;
    let notes = tool(stage, steps, "list_notes", json!({})).await?;
    steps.path(&stage.seen(SERVER).await?);
    let report: UninstallReport = stage.api.delete(&format!("/servers/{SERVER}")).await?;
    let ended = report.connection.map(|connection| connection.text).unwrap_or_default();
    steps.done(&format!("Uninstalled. {ended}"));
    Ok(json!({ "whoami": whoami, "notes": notes }))
}

/// Installs the server; the person allows, whoever plays it.
async fn install(stage: &Stage, args: &Args, open_browser: bool, steps: &mut Steps) -> CliResult {
    let in_container = args.runtime == Runtime::Container;
    let request = InstallRequest {
        manifest: ManifestChoice::Named(SERVER.to_owned()),
        settings: [("api_url".to_owned(), Value::String(stage.notes_url()))].into(),
        config: [].into(),
        auth: None,
        connection: None,
        runtime: Some(args.runtime.into()),
        // The sandbox provider listens on this machine's loopback alone.
        network: in_container.then_some(Network::Host),
        open_browser,
        window: WindowChoice::default(),
    };
    let mut person = Person::new(args.yes, open_browser);
    follow(&stage.api, &request, &OnceLock::new(), &mut |news| person.hears(news, steps)).await?;
    person.finished().await
}

async fn tool(stage: &Stage, steps: &mut Steps, name: &str, arguments: Value) -> CliResult<String> {
    let result: Value = stage.api.post(&format!("/servers/{SERVER}/tools/{name}"), &arguments).await?;
    let text = answer(&result);
    if result.get("isError").and_then(Value::as_bool).unwrap_or(false) {
        return Err(CliError::failed("tool_error", format!("{name} reports: {text}")));
    }
    steps.done(&format!("{name}{} → {}", shown(&arguments), one_line(&text)));
    Ok(text)
}

fn shown(arguments: &Value) -> String {
    if arguments.as_object().is_some_and(serde_json::Map::is_empty) {
        String::new()
    } else {
        format!(" {arguments}")
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Says something beside the steps.
fn note(text: &str) {
    output::note(text);
}
