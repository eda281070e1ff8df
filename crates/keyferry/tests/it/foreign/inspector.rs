//! npm's MCP Inspector, run without its page.

use std::{collections::BTreeMap, fs, process::Command};

use serde_json::{Value, json};

use super::{
    Stage,
    stage::{PACKAGES, Server},
};

/// The ways in, as the Inspector's file of servers names them.
fn ways(stage: &Stage) -> Value {
    let headers = json!({ "Authorization": format!("Bearer {}", stage.token()) });
    let http = |path: &str| json!({ "type": "streamable-http", "url": stage.url(path), "headers": headers });
    // The Inspector starts a program with little of its own environment.
    let ours = stage.world.command(&[]);
    let ours = ours.get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?)));
    let ours: BTreeMap<_, _> = ours.collect();
    json!({ "mcpServers": {
        "all": http("mcp"),
        "one": http("mcp/everything"),
        "bridge": { "command": env!("CARGO_BIN_EXE_keyferry"), "args": ["bridge"], "env": ours },
    } })
}

/// What the Inspector prints of one method.
fn inspect(stage: &Stage, way: &str, era: &str, method: &[&str]) -> Value {
    let script = stage.kit.script(&format!("{PACKAGES}/inspector/clients/launcher/build/index.js"));
    let mut command = Command::new(&script[0]);
    command.arg(&script[1]).args(["--cli", "--config", "inspector.json", "--server", way, "--quiet"]);
    command
        .args(["--protocol-era", era, "--method"])
        .args(method)
        .env("MCP_INSPECTOR_SECRET_STORE", "memory");
    let printed = stage.run(command);
    serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{way} {era} {method:?}: {printed}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_lists_calls_reads_and_gets_by_every_way() {
    let Some(stage) = Stage::set_up(&[Server::Everything]).await else { return };
    fs::write(stage.world.path("inspector.json"), ways(&stage).to_string()).unwrap();
    for (way, era, name) in [
        ("all", "legacy", "everything__echo"),
        ("all", "modern", "everything__echo"),
        ("one", "auto", "echo"),
        ("bridge", "legacy", "everything__echo"),
    ] {
        let listed = inspect(&stage, way, era, &["tools/list"]);
        let names: Vec<_> = listed["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        assert!(names.contains(&&json!(name)), "{way} {era}: {names:?}");
        let call = ["tools/call", "--tool-name", name, "--tool-arg", "message=hello"];
        assert_eq!(inspect(&stage, way, era, &call)["content"][0]["text"], "Echo: hello", "{way} {era}");
    }
    let read = ["resources/read", "--uri", "demo://resource/static/document/features.md"];
    assert!(inspect(&stage, "all", "auto", &read)["contents"][0]["text"].as_str().unwrap().len() > 100);
    let prompt = ["prompts/get", "--prompt-name", "everything__args-prompt", "--prompt-args", "city=Bern"];
    let prompt = inspect(&stage, "bridge", "auto", &prompt);
    assert_eq!(prompt["messages"][0]["content"]["text"], "What's weather in Bern?");
    stage.end().await;
}
