//! Credential files in a container.

use keyferry_core::{delivery::RenderedFile, secret::SecretText};
use serde_json::json;

use super::{World, name};
use crate::runtime::harness::{CANARY, Harness};

fn file(home: Option<&str>, names: &[&str], mode: u32, content: &str) -> RenderedFile {
    RenderedFile {
        home: home.map(str::to_owned),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        mode,
        content: SecretText::new(content).unwrap(),
    }
}

#[tokio::test]
async fn a_file_is_where_the_provider_file_says_with_its_mode_and_owner() {
    let Some(world) = World::new().await else { return };
    let mut launch = world.harness.launch("notes", &["echo"]);
    let home = Some("/home/appuser");
    launch.files = vec![
        file(home, &[".jira", "credentials.json"], 0o600, CANARY),
        file(home, &[".config", "deep", "token"], 0o440, "two"),
    ];
    let container = world.harness.servers.start(launch).await.unwrap().container.unwrap();
    let first = world.tool("read", json!({ "path": "/home/appuser/.jira/credentials.json" })).await;
    let uid = match rustix::process::geteuid().as_raw() {
        0 => 65_532,
        own => own,
    };
    assert_eq!(first, json!({ "text": CANARY, "owner": { "uid": uid, "mode": "600" } }));
    let second = world.tool("read", json!({ "path": "/home/appuser/.config/deep/token" })).await;
    assert_eq!(second["owner"]["mode"], "440");
    assert_eq!(world.tool("environment", json!({})).await["HOME"], "/home/appuser");
    let inspected = world.inspected(&container).await.unwrap().to_string();
    assert!(!inspected.replace(&format!("TOKEN={CANARY}"), "").contains(CANARY));
    // The server may not change them, and may write beside them.
    let refused =
        world.tool("write", json!({ "path": "/home/appuser/.jira/credentials.json", "size": 1 })).await;
    assert!(refused["error"].as_str().unwrap().contains("Read-only"), "{refused}");
    let beside = world.tool("write", json!({ "path": "/home/appuser/.cache", "size": 1 })).await;
    assert_eq!(beside["written"], 1, "{beside}");
    world.end(&container).await;
}

#[tokio::test]
async fn a_file_right_in_the_home_makes_the_home_read_only() {
    let Some(world) = World::new().await else { return };
    let mut launch = world.harness.launch("notes", &["echo"]);
    launch.files = vec![file(None, &[".netrc"], 0o600, "one")];
    let container = world.harness.servers.start(launch).await.unwrap().container.unwrap();
    assert_eq!(world.tool("read", json!({ "path": "/home/keyferry/.netrc" })).await["text"], "one");
    let refused = world.tool("write", json!({ "path": "/home/keyferry/x", "size": 1 })).await;
    assert!(refused["error"].as_str().unwrap().contains("Read-only"), "{refused}");
    assert_eq!(world.tool("write", json!({ "path": "/tmp/x", "size": 1 })).await["written"], 1);
    world.end(&container).await;
}

/// What both runtimes promise: a reader sees the old file or the new one, whenever it looks.
async fn never_half(harness: &Harness, path: &str, read: impl AsyncFn(&str) -> String) {
    let content = |number: usize| format!("{number} ").repeat(20_000);
    let mut launch = harness.launch("notes", &["echo"]);
    launch.files = vec![file(None, &[".jira", "c"], 0o600, &content(0))];
    harness.servers.start(launch).await.unwrap();
    let rewriting = async {
        for number in 1..=200 {
            let new = vec![file(None, &[".jira", "c"], 0o600, &content(number))];
            harness.servers.rewrite_files(&name("notes"), new).await.unwrap();
        }
    };
    let reading = async {
        let mut seen = std::collections::BTreeSet::new();
        loop {
            // The writer has its turn between two looks, whatever a look waits for.
            tokio::task::yield_now().await;
            let text = read(path).await;
            let number: usize = text.split(' ').next().unwrap().parse().unwrap();
            assert!(text == content(number), "a torn file of {} bytes", text.len());
            seen.insert(number);
            if number == 200 {
                return seen.len();
            }
        }
    };
    let ((), seen) = tokio::join!(rewriting, reading);
    assert!(seen > 2, "only {seen} states were seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_sees_the_old_file_or_the_new_one_and_never_half() {
    let Some(world) = World::new().await else { return };
    never_half(&world.harness, "/home/keyferry/.jira/c", async |path: &str| {
        let found = world.tool("read", json!({ "path": path })).await;
        found["text"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_sees_the_old_file_or_the_new_one_and_never_half() {
    let harness = Harness::new();
    let home = harness.folder.path().join("home");
    never_half(&harness, ".jira/c", async |path: &str| std::fs::read_to_string(home.join(path)).unwrap())
        .await;
}

#[tokio::test]
async fn files_are_rewritten_only_of_a_server_that_runs() {
    let harness = Harness::new();
    let new = || vec![file(None, &[".jira", "c"], 0o600, "x")];
    let error = harness.servers.rewrite_files(&name("notes"), new()).await.unwrap_err();
    assert_eq!(error.code(), "server_not_running");
    harness.start("notes", &["echo"]).await;
    harness.servers.stop(&name("notes")).await.unwrap();
    assert_eq!(
        harness.servers.rewrite_files(&name("notes"), new()).await.unwrap_err().code(),
        "server_not_running"
    );
}

#[tokio::test]
async fn a_file_that_can_not_be_written_says_so_and_the_one_before_stays() {
    let Some(world) = World::new().await else { return };
    let mut launch = world.harness.launch("notes", &["echo"]);
    launch.files = vec![file(None, &[".jira", "c"], 0o600, "old")];
    let container = world.harness.servers.start(launch).await.unwrap().container.unwrap();
    // A folder stands where a file is to be.
    std::fs::create_dir(world.harness.folder.path().join("home/.jira/d")).unwrap();
    let new = vec![file(None, &[".jira", "d"], 0o600, "new")];
    let error = world.harness.servers.rewrite_files(&name("notes"), new).await.unwrap_err();
    assert_eq!(error.code(), "file_delivery", "{error}");
    assert_eq!(world.tool("read", json!({ "path": "/home/keyferry/.jira/c" })).await["text"], "old");
    world.end(&container).await;
}
