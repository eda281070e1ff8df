//! Servers of PyPI behind the gateway, called from the command line. npm's is in the tests of the clients.

use std::{fs, process::Command};

use serde_json::{Value, json};

use super::{Stage, stage::Server};

/// The text of a tool's answer.
fn call(stage: &Stage, server: &str, tool: &str, arguments: &Value) -> String {
    let told = stage.world.json(&["call", server, tool, &arguments.to_string()]);
    told["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{told:#}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_pypi_are_installed_and_called() {
    let Some(stage) = Stage::set_up(&[Server::Time, Server::Git]).await else { return };
    let noon = json!({ "source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo" });
    let converted: Value = serde_json::from_str(&call(&stage, "time", "convert_time", &noon)).unwrap();
    assert!(converted["target"]["datetime"].as_str().unwrap().contains("T21:00:00"), "{converted:#}");

    let folder = stage.world.path("work");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("new.txt"), "new").unwrap();
    let mut git = Command::new("git");
    git.args(["init", "--quiet", "--initial-branch", "main"]).arg(&folder);
    stage.run(git);
    let repository = json!({ "repo_path": folder });
    let status = call(&stage, "git", "git_status", &repository);
    assert!(status.contains("On branch main") && status.contains("new.txt"), "{status}");
    stage.end().await;
}
