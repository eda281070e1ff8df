//! `keyferry status`

use jiff::Timestamp;
use keyferry_app::{
    api::dto::{Server, ServerState, Status, Tool, ToolList},
    clock::Clock,
};
use keyferry_core::{id::ServerName, manifest::escaped};
use serde::Serialize;

use super::list::state;
use crate::{cli::Global, error::CliResult, output, session::with_api};

/// Shows a server, or the app.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  keyferry status                   the app\n  keyferry status sandbox-notes     one server"
)]
pub(crate) struct Args {
    /// The server's name; without it the app itself is shown
    name: Option<ServerName>,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let Some(name) = args.name else { return app(global).await };
    let path = format!("/servers/{name}");
    let detail = with_api(global, async |api| {
        let server: Server = api.get(&path).await?;
        let tools = match server.state {
            // One that ends meanwhile has none to tell.
            ServerState::Running => {
                api.get(&format!("{path}/tools")).await.unwrap_or(ToolList { tools: vec![] })
            }
            _ => ToolList { tools: vec![] },
        };
        Ok(Detail { server, tools: tools.tools })
    });
    output::data(global.json, &detail.await?, |detail| facts(&detail.server, &detail.tools));
    Ok(())
}

/// A server, and what it offers while it runs.
#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    server: Server,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool>,
}

/// A tool's name and arguments, those that may be left out with `?`. The words are the server's.
fn signature(tool: &Tool) -> String {
    let part = |name: &str| tool.input_schema.get(name);
    let required: Vec<_> = part("required").and_then(|list| list.as_array()).into_iter().flatten().collect();
    let arguments = part("properties").and_then(|map| map.as_object()).into_iter().flat_map(|map| map.keys());
    let arguments: Vec<_> = arguments
        .map(|name| if required.iter().any(|one| *one == name) { name.clone() } else { format!("{name}?") })
        .collect();
    let about = tool.description.iter().flat_map(|text| text.lines()).next().unwrap_or_default();
    escaped(format!("{}({})  {about}", tool.name, arguments.join(", ")).trim_end())
}

async fn app(global: &Global) -> CliResult {
    let (status, alone): (Status, bool) =
        with_api(global, async |api| Ok((api.get("/status").await?, api.is_alone().await))).await?;
    output::data(global.json, &status, |status| {
        let running = if alone {
            "not running; this command booted one for itself".to_owned()
        } else {
            format!("http://{}", status.address)
        };
        output::facts(&[
            ("app", running),
            ("version", status.version.clone()),
            ("data", status.data_folder.clone()),
            ("vault key", status.vault_key.clone()),
            ("proxy", status.proxy_url.clone()),
            (
                "servers",
                format!("{} installed, {} running", status.servers_installed, status.servers_running),
            ),
            ("connections", status.connections.to_string()),
            ("providers", status.providers.to_string()),
            ("catalog", format!("{} manifests", status.catalog_entries)),
            (
                "problems",
                status.problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("\n"),
            ),
        ])
    });
    Ok(())
}

/// A server's facts.
pub(super) fn shown(server: &Server) -> String {
    facts(server, &[])
}

fn runtime(server: &Server) -> String {
    match &server.network {
        Some(network) => format!("{}, network: {network}", server.runtime),
        None => server.runtime.clone(),
    }
}

/// How it goes, in a line: since when it runs, how often it was started anew, its tools, the age of its token.
fn health(server: &Server) -> String {
    let now = Clock::system().now();
    let since =
        server.running_since.map(|at| format!("running since {} ({})", output::time(at), age(at, now)));
    let restarts = match server.restarts {
        1 => "restarted once".to_owned(),
        count => format!("restarted {count} times"),
    };
    let tools = server.tool_count.map(|count| format!("{count} tools"));
    let connection = server.connection.as_ref();
    let token = connection.and_then(|connection| connection.token_since).map(|at| {
        let until = connection.and_then(|connection| connection.token_until);
        let end = until.map(|until| format!(", until {}", output::time(until))).unwrap_or_default();
        format!("token {} old{end}", age(at, now))
    });
    since.into_iter().chain([restarts]).chain(tools).chain(token).collect::<Vec<_>>().join("; ")
}

/// A time that has passed, in its largest unit.
fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn facts(server: &Server, tools: &[Tool]) -> String {
    let connection =
        server.connection.as_ref().map(|connection| format!("{} ({})", connection.provider, connection.id));
    output::facts(&[
        ("name", server.name.clone()),
        ("title", server.display_name.clone()),
        ("state", state(server)),
        ("hint", server.problem.as_ref().and_then(|problem| problem.hint.clone()).unwrap_or_default()),
        ("runtime", runtime(server)),
        ("container", server.container.clone().unwrap_or_default()),
        ("process", server.pid.map(|pid| pid.to_string()).unwrap_or_default()),
        ("health", health(server)),
        ("account", connection.unwrap_or_default()),
        ("tools", tools.iter().map(signature).collect::<Vec<_>>().join("\n")),
    ])
}
