//! MCP's conformance suite, against the reference server itself and against the gateway before it. The outcome is the table of
//! docs/conformance.md.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use super::{
    Stage,
    stage::{PACKAGES, Server},
};

/// Scenarios that end otherwise through the gateway, and why that is right.
const EXPLAINED: [(&str, &str); 1] = [(
    "server-sse-polling",
    "a stream that can be taken up again is opened for every version; the SDK does so for 2025-11-25 alone, which this scenario does not speak",
)];

/// How a scenario ended: its checks and their ends, without what is only told.
type Ends = BTreeMap<String, String>;

/// The reference server by itself, over Streamable HTTP.
struct Alone {
    url: String,
    child: Child,
}

impl Alone {
    fn start(stage: &Stage) -> Self {
        let script = stage.kit.script("reference/server.mjs");
        let mut command = Command::new(&script[0]);
        let mut child = command.args([&script[1], "http"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { url: url.trim().to_owned(), child }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Runs the suite's scenarios for servers.
fn run(stage: &Stage, url: &str, results: &str) -> BTreeMap<String, Ends> {
    let script = stage.kit.script(&format!("{PACKAGES}/conformance/dist/index.js"));
    let bearer = stage.kit.script("bearer.mjs").pop().unwrap();
    let host = url.trim_start_matches("http://").split('/').next().unwrap();
    let mut command = Command::new(&script[0]);
    command.args([
        "--import",
        &bearer,
        &script[1],
        "server",
        "--url",
        url,
        "--suite",
        "all",
        "--output-dir",
        results,
    ]);
    command.env("BEARER_HOST", host).env("BEARER_TOKEN", stage.token());
    // It fails where one scenario does: how each ended is read from its files.
    _ = stage.ran(command);
    let folders = fs::read_dir(stage.world.path(results)).unwrap();
    folders.map(|folder| ends(&folder.unwrap().path())).collect()
}

/// A scenario's name, and how it ended. Its folder is called `server-NAME-TIME`, its time by 24 letters.
fn ends(folder: &Path) -> (String, Ends) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let name = name.strip_prefix("server-").unwrap();
    let name = name[..name.len() - 24].trim_end_matches('-');
    let checks: Value = serde_json::from_slice(&fs::read(folder.join("checks.json")).unwrap()).unwrap();
    let checks = checks.as_array().unwrap().iter().filter(|check| check["status"] != "INFO");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (name.to_owned(), checks.map(|check| (text(&check["id"]), told(check))).collect())
}

fn told(check: &Value) -> String {
    match check["status"].as_str().unwrap() {
        "SUCCESS" => "passed".to_owned(),
        "WARNING" => "warned".to_owned(),
        _ => format!("failed: {}", check["errorMessage"].as_str().unwrap_or_default()),
    }
}

/// A cell of the table.
fn cell(ends: &Ends) -> String {
    let of = |how: &str| ends.values().filter(|end| end.starts_with(how)).count();
    let all = [("passed", of("passed")), ("warned", of("warned")), ("failed", of("failed"))];
    let some: Vec<_> =
        all.iter().filter(|(_, count)| *count > 0).map(|(how, count)| format!("{count} {how}")).collect();
    some.join(", ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conformance_suite_ends_at_the_gateway_as_at_the_server_itself() {
    let Some(stage) = Stage::set_up(&[Server::Reference]).await else { return };
    let alone = Alone::start(&stage);
    stage.install_manifest("elsewhere", &json!({ "type": "remote", "url": alone.url }));
    let direct = run(&stage, &alone.url, "direct");
    let local = run(&stage, &stage.url("mcp/reference"), "local");
    let remote = run(&stage, &stage.url("mcp/elsewhere"), "remote");
    assert!(direct.len() > 30, "{:?}", direct.keys());

    let mut table = String::new();
    let mut unexplained = BTreeMap::new();
    for (scenario, ends) in &direct {
        let (here, elsewhere) = (&local[scenario], &remote[scenario]);
        let why = EXPLAINED.iter().find(|(name, _)| name == scenario).map(|(_, why)| *why);
        let same = here == ends && elsewhere == ends;
        if same == why.is_some() {
            unexplained.insert(scenario, (ends, here, elsewhere));
        }
        let cells = [cell(ends), cell(here), cell(elsewhere)].join(" | ");
        writeln!(table, "| `{scenario}` | {cells} | {} |", why.unwrap_or_default()).unwrap();
    }
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md")).unwrap();
    assert!(page.contains(&table), "docs/conformance.md should have this table:\n{table}");
    drop(alone);
    stage.end().await;
}
