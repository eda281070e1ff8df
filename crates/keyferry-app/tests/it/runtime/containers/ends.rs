//! Calls, floods, and how a container ends.

use std::time::{Duration, Instant};

use keyferry_app::runtime::{Limits, RuntimeError, ServerState};
use serde_json::{Map, json};

use super::{World, limits, name};
use crate::runtime::harness::PATIENCE;

#[tokio::test]
async fn calls_are_answered_large_ones_too() {
    let Some(world) = World::new().await else { return };
    let container = world.start(&["echo"]).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..50 {
        let servers = world.harness.servers.clone();
        calls.spawn(async move {
            let given = json!({ "number": number }).as_object().cloned().unwrap();
            let result = servers.call(&name("notes"), "echo", given).await.unwrap();
            assert_eq!(crate::runtime::harness::text(&result), json!({ "number": number }).to_string());
        });
    }
    assert_eq!(calls.join_all().await.len(), 50);
    assert_eq!(world.harness.call("notes", "huge").await.len(), 3 * 1024 * 1024);
    world.end(&container).await;
}

#[tokio::test]
async fn a_flood_of_words_neither_blocks_the_server_nor_fills_the_disk() {
    let Some(world) = World::with(Limits { log_file: 64 * 1024, ..limits() }).await else { return };
    let container = world.start(&["noisy"]).await;
    for _ in 0..50 {
        assert_eq!(world.harness.call("notes", "echo").await, "{}");
    }
    world.harness.servers.stop(&name("notes")).await.unwrap();
    for file in std::fs::read_dir(world.harness.log_files()).unwrap() {
        assert!(file.unwrap().metadata().unwrap().len() <= 64 * 1024);
    }
    world.end(&container).await;
}

#[tokio::test]
async fn a_container_that_ends_during_a_call_says_so_and_is_removed() {
    let Some(world) = World::new().await else { return };
    let container = world.start(&["echo"]).await;
    let error = world.harness.servers.call(&name("notes"), "crash", Map::new()).await.unwrap_err();
    assert!(matches!(error, RuntimeError::StoppedDuringCall { .. }), "{error}");
    world.harness.says("notes", "ended by itself").await;
    let status = world.harness.settled("notes").await;
    assert_eq!(status.state, ServerState::Failed);
    let Some(RuntimeError::Ended { ended, last_lines, .. }) = status.problem else { panic!("{status:?}") };
    assert_eq!((ended.as_str(), last_lines), ("exit status: 42", vec!["about to crash".to_owned()]));
    assert!(world.inspected(&container).await.is_none());
    let again = world.start(&["echo"]).await;
    assert_eq!(world.harness.servers.status(&name("notes")).restarts, 1);
    world.end(&again).await;
}

#[tokio::test]
async fn a_call_without_an_answer_ends_at_its_limit_and_the_server_lives() {
    let limits = Limits { call: Duration::from_millis(1_500), ..limits() };
    let Some(world) = World::with(limits).await else { return };
    let container = world.start(&["echo"]).await;
    let error = world.harness.servers.call(&name("notes"), "hang", Map::new()).await.unwrap_err();
    assert!(matches!(error, RuntimeError::TimedOut { .. }), "{error}");
    assert_eq!(world.harness.call("notes", "echo").await, "{}");
    world.end(&container).await;
}

#[tokio::test]
async fn a_server_ends_by_itself_when_its_input_is_closed() {
    let Some(world) = World::with(Limits { after_eof: PATIENCE, ..limits() }).await else { return };
    let container = world.start(&["echo"]).await;
    let before = Instant::now();
    world.harness.servers.stop(&name("notes")).await.unwrap();
    assert!(before.elapsed() < PATIENCE);
    assert!(world.harness.log("notes").await.contains("stopped (exit status: 0)"));
    assert!(world.inspected(&container).await.is_none());
}

#[tokio::test]
async fn a_server_that_does_not_end_is_killed_within_the_limit() {
    // The first process of a container that has no handler for it is not ended by SIGTERM.
    let Some(world) = World::new().await else { return };
    let container = world.start(&["stubborn"]).await;
    let before = Instant::now();
    world.harness.servers.stop(&name("notes")).await.unwrap();
    assert!(before.elapsed() < limits().longest_stop());
    assert!(world.harness.log("notes").await.contains("stopped (exit status: 137)"));
    assert!(world.inspected(&container).await.is_none());
}

#[tokio::test]
async fn what_a_server_started_ends_with_it() {
    let Some(world) = World::new().await else { return };
    let container = world.start(&["parent"]).await;
    world.harness.descendant("notes").await;
    let pid = world.harness.servers.status(&name("notes")).pid.unwrap();
    let group = children_of(pid);
    assert_eq!(group.len(), 1);
    world.harness.servers.stop(&name("notes")).await.unwrap();
    crate::runtime::harness::ends(group[0]).await;
    world.end(&container).await;
}

fn children_of(pid: u32) -> Vec<u32> {
    let told = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    told.split_whitespace().map(|child| child.parse().unwrap()).collect()
}
