//! A server that takes the place of another, as it does for new tokens.

use std::{fs, time::Duration};

use keyferry_app::runtime::{Limits, RuntimeError, ServerState};
use keyferry_core::secret::SecretText;
use serde_json::{Map, Value, json};

use super::harness::{Harness, ends, limits, name, runs, text};

/// A launch with another token than the one before.
fn renewed(harness: &Harness, part: &[&str]) -> keyferry_app::runtime::Launch {
    let mut launch = harness.launch("notes", part);
    launch.environment = vec![("TOKEN".to_owned(), SecretText::new("another-canary-1b2c").unwrap())];
    launch
}

fn waiting(harness: &Harness) -> (std::path::PathBuf, Map<String, Value>) {
    let file = harness.folder.path().join("go");
    let arguments = json!({ "file": file }).as_object().unwrap().clone();
    (file, arguments)
}

#[tokio::test]
async fn new_calls_go_to_the_new_server_and_those_under_way_end_on_the_old() {
    let harness = Harness::new();
    let old = harness.start("notes", &["echo"]).await;
    let (file, arguments) = waiting(&harness);
    let servers = harness.servers.clone();
    let under_way = tokio::spawn(async move { servers.call(&name("notes"), "wait", arguments).await });
    harness.says("notes", "waiting").await;

    let status = harness.servers.replace(renewed(&harness, &["echo"])).await.unwrap();
    assert_eq!((status.state, status.restarts), (ServerState::Running, 0), "the server goes on: no restart");
    let new = status.pid.unwrap();
    assert!(new != old && runs(old) && runs(new));
    let environment: Value = serde_json::from_str(&harness.call("notes", "environment").await).unwrap();
    assert_eq!(environment["TOKEN"], "another-canary-1b2c");
    assert!(!under_way.is_finished());

    fs::write(file, "").unwrap();
    assert_eq!(text(&under_way.await.unwrap().unwrap()), "waited");
    ends(old).await;
    assert!(runs(new));
}

#[tokio::test]
async fn the_old_server_goes_on_where_the_new_one_does_not_start() {
    let harness = Harness::new();
    let old = harness.start("notes", &["echo"]).await;
    let error = harness.servers.replace(renewed(&harness, &["die", "3", "no"])).await.unwrap_err();
    assert!(matches!(error, RuntimeError::DiedAtStart { .. }), "{error:?}");
    assert_eq!(harness.servers.status(&name("notes")).state, ServerState::Running);
    assert!(runs(old));
    assert_eq!(harness.call("notes", "echo").await, "{}");
}

#[tokio::test]
async fn a_call_that_takes_too_long_on_the_old_server_is_cut_off() {
    let harness = Harness::with(Limits { call: Duration::from_millis(700), ..limits() });
    let old = harness.start("notes", &["echo"]).await;
    let (_, arguments) = waiting(&harness);
    let servers = harness.servers.clone();
    let under_way = tokio::spawn(async move { servers.call(&name("notes"), "wait", arguments).await });
    harness.says("notes", "waiting").await;
    harness.servers.replace(renewed(&harness, &["echo"])).await.unwrap();
    assert!(under_way.await.unwrap().is_err());
    ends(old).await;
    assert_eq!(harness.call("notes", "echo").await, "{}");
}

#[tokio::test]
async fn a_stop_ends_both_the_one_that_starts_and_the_one_that_runs() {
    let harness = Harness::new();
    let old = harness.start("notes", &["echo"]).await;
    let (servers, launch) = (harness.servers.clone(), renewed(&harness, &["silent"]));
    let replacing = tokio::spawn(async move { servers.replace(launch).await });
    // The one that takes its place is there, and never answers.
    harness.says_times("notes", "started ", 2).await;
    let status = harness.servers.stop(&name("notes")).await.unwrap();
    assert_eq!((status.state, status.pid), (ServerState::Stopped, None));
    assert!(!runs(old));
    let outcome = replacing.await.unwrap();
    assert!(matches!(outcome, Err(RuntimeError::StoppedMeanwhile { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_calls_on_a_server_that_was_replaced() {
    let harness = Harness::new();
    let old = harness.start("notes", &["echo"]).await;
    let (_, arguments) = waiting(&harness);
    let servers = harness.servers.clone();
    let under_way = tokio::spawn(async move { servers.call(&name("notes"), "wait", arguments).await });
    harness.says("notes", "waiting").await;
    let new = harness.servers.replace(renewed(&harness, &["echo"])).await.unwrap().pid.unwrap();
    harness.servers.stop(&name("notes")).await.unwrap();
    assert!(under_way.await.unwrap().is_err());
    ends(old).await;
    ends(new).await;
}

#[tokio::test]
async fn a_server_that_does_not_run_is_started() {
    let harness = Harness::new();
    let status = harness.servers.replace(renewed(&harness, &["echo"])).await.unwrap();
    assert_eq!(status.state, ServerState::Running);
    assert_eq!(harness.call("notes", "echo").await, "{}");
}

#[tokio::test]
async fn the_log_hides_the_new_tokens_as_well() {
    let harness = Harness::new();
    harness.start("notes", &["echo"]).await;
    harness.servers.replace(renewed(&harness, &["speak", "token another-canary-1b2c"])).await.unwrap();
    let said = harness.says("notes", "token ").await;
    assert!(said.contains("[TOKEN]"), "{said}");
}
