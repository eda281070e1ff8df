//! `keyferry runtime`: the container engine of this machine.

use keyferry_app::{
    entropy::Entropy,
    home::DataFolder,
    runtime::{BaseImage, Containers, ContainersConfig, RuntimeError},
};
use keyferry_core::manifest::Image;
use serde::Serialize;

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output, parts, signals,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry runtime status      which engine there is, and what it can do
  keyferry runtime prepare     make the image that npx, node, uvx and python run in";

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show which container engine there is, and what it can do
    #[command(after_help = "Example:\n  keyferry runtime status --json")]
    Status,
    /// Build, or fetch, the base image that servers without an image of their own run in
    #[command(after_help = "Example:\n  keyferry runtime prepare")]
    Prepare,
}

/// What is told of the engine.
#[derive(Serialize)]
struct Status {
    /// `Podman` or `Docker`; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<Engine>,
    /// What runs servers for which nothing was said.
    runtime: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Serialize)]
struct Engine {
    name: &'static str,
    version: String,
    socket: String,
    started_here: bool,
    rootless: bool,
    bounds: Vec<&'static str>,
    networks: [&'static str; 3],
    keeps_private_addresses_out: bool,
    base_image: String,
    base_image_is_there: bool,
}

pub(crate) async fn run(global: &Global, command: Command) -> CliResult {
    let containers = containers(global)?;
    match command {
        Command::Status => status(global, &containers).await,
        Command::Prepare => prepare(global, &containers).await,
    }
}

fn containers(global: &Global) -> CliResult<Containers> {
    let settings = parts::settings(global, None)?;
    let folder = DataFolder::prepare(&settings.data_folder)?;
    Ok(Containers::new(ContainersConfig {
        environment: std::env::vars_os().collect(),
        data_folder: folder.path().to_owned(),
        base_image: BaseImage::of(settings.containers_base_image),
        entropy: Entropy::system(),
    }))
}

async fn status(global: &Global, containers: &Containers) -> CliResult {
    let status = match containers.facts().await {
        Err(error @ RuntimeError::NoEngine { .. }) => {
            Status { engine: None, runtime: "process, once you say so", problem: Some(error.to_string()) }
        }
        Err(error) => return Err(failed(&error)),
        Ok(facts) => {
            let bounds = [
                (facts.bounds_memory, "memory"),
                (facts.bounds_cpus, "processors"),
                (facts.bounds_pids, "processes"),
            ];
            let (base_image, base_image_is_there) =
                containers.image(&Image::Base).await.map_err(|error| failed(&error))?;
            let engine = Engine {
                name: facts.name,
                version: facts.version,
                socket: facts.socket.display().to_string(),
                started_here: facts.started_here,
                rootless: facts.rootless,
                bounds: bounds.into_iter().filter(|(can, _)| *can).map(|(_, what)| what).collect(),
                networks: ["none", "internet", "host"],
                keeps_private_addresses_out: false,
                base_image,
                base_image_is_there,
            };
            Status { engine: Some(engine), runtime: "container", problem: None }
        }
    };
    output::data(global.json, &status, shown);
    Ok(())
}

fn shown(status: &Status) -> String {
    let Some(engine) = &status.engine else {
        let problem = status.problem.clone().unwrap_or_default();
        return output::facts(&[
            ("engine", problem),
            ("servers run as", status.runtime.to_owned()),
            ("hint", "install Podman, or start Docker".to_owned()),
        ]);
    };
    let who = if engine.rootless { "as you" } else { "as root" };
    let service = if engine.started_here { ", its service started for this command" } else { "" };
    let bounds = match engine.bounds.as_slice() {
        [] => "none: the engine can't bound anything here".to_owned(),
        bounds => bounds.join(", "),
    };
    let there = if engine.base_image_is_there { "" } else { " (not there yet: keyferry runtime prepare)" };
    output::facts(&[
        ("engine", format!("{} {}, runs {who}{service}", engine.name, engine.version)),
        ("socket", engine.socket.clone()),
        ("limits", bounds),
        ("networks", "none, internet, host; with internet a server reaches private addresses too".to_owned()),
        ("base image", format!("{}{there}", engine.base_image)),
    ])
}

async fn prepare(global: &Global, containers: &Containers) -> CliResult {
    let tell = |line: String| {
        if output::watched() {
            output::note(&format!("  {line}"));
        }
    };
    tokio::select! {
        prepared = containers.prepare(&Image::Base, &tell) => prepared.map_err(|error| failed(&error))?,
        () = signals::Ending::listen().asked() => return Err(CliError::failed("interrupted", "interrupted")),
    }
    let (image, _) = containers.image(&Image::Base).await.map_err(|error| failed(&error))?;
    output::data(global.json, &serde_json::json!({ "image": image }), |_| format!("{image} is there"));
    Ok(())
}

fn failed(error: &RuntimeError) -> CliError {
    CliError::failed(error.code(), error).hint(error.hint())
}
