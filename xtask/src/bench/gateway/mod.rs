//! What a call of a tool costs through the gateway, beside the same call over the server's own standard input and output.

mod http;
mod stdio;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{app, built, spread::Spread, usage::Meter};
use crate::{
    machine::{self, build_folder, root},
    step::{self, print, say},
};
use http::Http;
use stdio::Stdio as Pipe;

const SERVER: &str = "keyferry-test-server";
const NAME: &str = "bench";

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Calls in a round
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    calls: u32,
    /// Rounds of each way
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
}

/// A way to a server: asks, and waits for the answer.
trait Way {
    fn ask(&mut self, message: &Value) -> Result<Value, String>;
    fn tell(&mut self, message: &Value) -> Result<(), String>;
    /// The processes whose time counts.
    fn processes(&self) -> Vec<u32>;
}

/// What one round came to.
struct Round {
    p50_micros: f64,
    p99_micros: f64,
    cpu_micros: f64,
}

/// Measures and prints.
pub(super) fn run(args: &Args) -> Result<(), String> {
    let program = built(&["keyferry"])?.join("keyferry");
    let server = server()?;
    let meter = Meter::new()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let home = folder.path();
    let variables = [("KEYFERRY_VAULT_KEY", "file".as_ref())];
    let (running, _) = app::ready(&program, home, &variables)?;
    install(&program, home, &server)?;
    let found: Value = read(&home.join("data/app.json"))?;
    let address = found
        .get("address")
        .and_then(Value::as_str)
        .ok_or("app.json has another form than expected")?
        .to_owned();
    let token = fs::read_to_string(home.join("data/api-token")).map_err(|error| error.to_string())?;

    let mut bridge = command(&program, home);
    bridge.args(["bridge", NAME]);
    let mut direct = Command::new(&server);
    direct.args(["everything", NAME]);
    let mut ways: [(&str, Box<dyn Way>); 3] = [
        ("the server's own standard streams", Box::new(Pipe::start(&mut direct, &[])?)),
        (
            "the gateway over HTTP",
            Box::new(Http::new(&address, &format!("/mcp/{NAME}"), token.trim(), running.id())?),
        ),
        ("`keyferry bridge` and the gateway", Box::new(Pipe::start(&mut bridge, &[running.id()])?)),
    ];
    let mut rounds: [Vec<Round>; 3] = Default::default();
    for (_, way) in &mut ways {
        open(way.as_mut())?;
        round(way.as_mut(), args.calls / 4, meter)?;
    }
    for _ in 0..args.rounds {
        for ((_, way), rounds) in ways.iter_mut().zip(&mut rounds) {
            rounds.push(round(way.as_mut(), args.calls, meter)?);
        }
    }
    print(&format!(
        "\n{}; {} rounds of {} calls, one after the other\n",
        machine::description(),
        args.rounds,
        args.calls
    ));
    print(
        "| a call through | p50, µs: min | median | max | p99, µs: min | median | max | CPU, µs: min | median | max |",
    );
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for ((name, _), rounds) in ways.iter().zip(&rounds) {
        let spread = |figure: fn(&Round) -> f64| Spread::of(rounds.iter().map(figure)).ok_or("no rounds");
        let [p50, p99, cpu] = [
            spread(|round| round.p50_micros)?,
            spread(|round| round.p99_micros)?,
            spread(|round| round.cpu_micros)?,
        ];
        print(&format!("| {name} | {p50:.0} | {p99:.0} | {cpu:.0} |"));
    }
    Ok(())
}

/// The example that plays MCP servers, as fast as it gets.
fn server() -> Result<std::path::PathBuf, String> {
    say(&format!("building the release of {SERVER}"));
    let mut build = Command::new("cargo");
    build.args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "keyferry-app",
        "--example",
        SERVER,
    ]);
    step::run(&mut build, None)?;
    let path = root().join(build_folder()).join("release/examples").join(SERVER);
    path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))
}

fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env_clear().env("HOME", home).env("KEYFERRY_HOME", home.join("data"));
    command.stderr(Stdio::inherit());
    command
}

fn install(program: &Path, home: &Path, server: &Path) -> Result<(), String> {
    let manifest = json!({
        "name": NAME,
        "server": { "type": "local", "command": server, "args": ["everything", NAME] },
    });
    let file = home.join("bench.json");
    fs::write(&file, manifest.to_string()).map_err(|error| error.to_string())?;
    let mut install = command(program, home);
    install.arg("install").arg(&file).stdout(Stdio::null());
    step::run(&mut install, None)
}

fn read(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// `initialize`, and all that belongs to it.
fn open(way: &mut dyn Way) -> Result<(), String> {
    way.ask(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" },
    } }))?;
    way.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
}

fn round(way: &mut dyn Way, calls: u32, meter: Meter) -> Result<Round, String> {
    let cpu = |way: &dyn Way| -> Result<f64, String> {
        way.processes().into_iter().map(|id| meter.read(id).map(|usage| usage.cpu_seconds)).sum()
    };
    let before = cpu(way)?;
    let mut times: Vec<Duration> = Vec::new();
    for number in 1..=calls {
        let arguments =
            json!({ "text": "twelve words that a person might have said to their machine today" });
        let message = json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": { "name": "echo", "arguments": arguments } });
        let asked = Instant::now();
        let answer = way.ask(&message)?;
        times.push(asked.elapsed());
        let content = answer.pointer("/result/content").and_then(Value::as_array);
        if content.is_none_or(Vec::is_empty) {
            return Err(format!("a call was answered with {answer}"));
        }
    }
    let cpu_micros = (cpu(way)? - before) * 1e6 / f64::from(calls);
    times.sort_unstable();
    let at = |share: usize| {
        let index = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Ok(Round { p50_micros: at(50), p99_micros: at(99), cpu_micros })
}
