//! Tools, listed and called.

use std::time::Duration;

use futures_util::FutureExt as _;
use keyferry_app::runtime::{Limits, RuntimeError, ServerState};
use serde_json::{Map, Value, json};

use super::harness::{CANARY, Harness, ends, limits, name, text};

fn arguments(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[tokio::test]
async fn the_tools_of_all_pages_are_listed_in_order() {
    let harness = Harness::new();
    harness.start("notes", &["echo"]).await;
    let tools = harness.servers.tools(&name("notes")).await.unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names, ["echo", "environment", "hang", "crash", "huge", "surroundings", "read", "write"]);
    assert_eq!(harness.servers.status(&name("notes")).tool_count, Some(8));
}

#[tokio::test]
async fn more_tools_than_the_limit_are_refused() {
    let harness = Harness::with(Limits { tools: 4, ..limits() });
    let error = harness.servers.start(harness.launch("notes", &["echo"])).await.unwrap_err();
    assert_eq!(error, RuntimeError::TooManyTools { server: name("notes"), limit: 4 });
}

#[tokio::test]
async fn a_hundred_calls_at_once_each_get_their_own_answer() {
    let harness = Harness::new();
    harness.start("notes", &["echo"]).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..100 {
        let servers = harness.servers.clone();
        calls.spawn(async move {
            let given = arguments(json!({ "number": number, "text": "ü\n\"" }));
            let result = servers.call(&name("notes"), "echo", given.clone()).await.unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text(&result)).unwrap(), Value::Object(given));
        });
    }
    assert_eq!(calls.join_all().await.len(), 100);
}

#[tokio::test]
async fn a_call_that_is_not_answered_ends_at_its_limit_and_the_server_lives() {
    let harness = Harness::with(Limits { call: Duration::from_millis(1_500), ..limits() });
    harness.start("notes", &["echo"]).await;
    let error = harness.servers.call(&name("notes"), "hang", Map::new()).await.unwrap_err();
    assert!(matches!(error, RuntimeError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("hang") && error.hint().contains("keyferry stop notes"), "{error}");
    assert_eq!(harness.call("notes", "echo").await, "{}");
}

#[tokio::test]
async fn a_call_above_the_number_allowed_waits_for_its_place() {
    let harness = Harness::with(Limits { calls: 1, ..limits() });
    harness.start("notes", &["echo"]).await;
    let hanging = tokio::spawn({
        let servers = harness.servers.clone();
        async move { servers.call(&name("notes"), "hang", Map::new()).await }
    });
    harness.says("notes", "hanging").await;
    let mut waiting = Box::pin(harness.call("notes", "echo"));
    assert!((&mut waiting).now_or_never().is_none());
    // Dropped, a call gives its place to the next.
    hanging.abort();
    assert_eq!(waiting.await, "{}");
}

#[tokio::test]
async fn a_server_that_stops_during_a_call_says_so_and_why_it_ended() {
    let harness = Harness::new();
    let pid = harness.start("notes", &["parent"]).await;
    let descendant = harness.descendant("notes").await;
    let error = harness.servers.call(&name("notes"), "crash", Map::new()).await.unwrap_err();
    assert!(matches!(error, RuntimeError::StoppedDuringCall { .. }), "{error}");
    ends(pid).await;
    ends(descendant).await;
    harness.says("notes", "ended by itself").await;
    // What is noted in the log is shown right after.
    let status = harness.settled("notes").await;
    assert_eq!(status.state, ServerState::Failed);
    let Some(RuntimeError::Ended { ended, last_lines, .. }) = status.problem else { panic!("{status:?}") };
    assert!(ended.contains("42"), "{ended}");
    assert!(last_lines.contains(&"about to crash".to_owned()), "{last_lines:?}");

    harness.start("notes", &["echo"]).await;
    assert_eq!(harness.servers.status(&name("notes")).restarts, 1);
}

#[tokio::test]
async fn a_refused_call_shows_the_servers_reason_without_the_secret() {
    let harness = Harness::new();
    harness.start("notes", &["echo"]).await;
    let error = harness.servers.call(&name("notes"), "no\u{1b}such", Map::new()).await.unwrap_err();
    let RuntimeError::Refused { code, message, .. } = &error else { panic!("{error}") };
    assert_eq!((*code, message.as_str()), (-32602, "no tool no\\u{1b}such; [TOKEN]"));
    assert!(!format!("{error} {error:?}").contains(CANARY) && !error.to_string().contains('\u{1b}'));
}

#[tokio::test]
async fn a_message_above_the_limit_ends_the_server_and_is_named() {
    let harness = Harness::with(Limits { message: 1024 * 1024, ..limits() });
    let pid = harness.start("notes", &["echo"]).await;
    let error = harness.servers.call(&name("notes"), "huge", Map::new()).await.unwrap_err();
    assert!(matches!(error, RuntimeError::StoppedDuringCall { .. }), "{error}");
    ends(pid).await;
    let problem = harness.settled("notes").await.problem;
    assert_eq!(problem, Some(RuntimeError::MessageTooLarge { server: name("notes"), limit: 1024 * 1024 }));
}

#[tokio::test]
async fn a_line_without_end_is_cut_off_at_the_start() {
    let harness = Harness::with(Limits { message: 1024 * 1024, ..limits() });
    let error = harness.servers.start(harness.launch("notes", &["huge-line"])).await.unwrap_err();
    assert_eq!(error, RuntimeError::MessageTooLarge { server: name("notes"), limit: 1024 * 1024 });
}

#[tokio::test]
async fn a_large_message_within_the_limit_passes() {
    let harness = Harness::new();
    harness.start("notes", &["echo"]).await;
    assert_eq!(harness.call("notes", "huge").await.len(), 3 * 1024 * 1024);
}

#[tokio::test]
async fn a_server_that_does_not_run_is_not_called() {
    let harness = Harness::new();
    let not_running = RuntimeError::NotRunning { server: name("notes") };
    let called = harness.servers.call(&name("notes"), "echo", Map::new()).await;
    assert_eq!(called.unwrap_err(), not_running);
    harness.start("notes", &["echo"]).await;
    harness.servers.stop(&name("notes")).await.unwrap();
    assert_eq!(harness.servers.tools(&name("notes")).await.unwrap_err(), not_running);
}
