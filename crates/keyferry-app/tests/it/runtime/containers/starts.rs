//! Every way in which a start in a container fails, and what a start shares.

use std::time::Duration;

use keyferry_app::runtime::{Limits, Place, RuntimeError, RuntimeKind, ServerState};
use keyferry_core::manifest::Image;

use super::{Harness, World, containers, limits, name};
use crate::{runtime::harness::CANARY, support::podman::podman};

/// Starts a part that must fail, and checks that no container of it is left.
async fn failure(world: &World, part: &[&str]) -> RuntimeError {
    let error = world.harness.servers.start(world.harness.launch("notes", part)).await.unwrap_err();
    let status = world.harness.servers.status(&name("notes"));
    assert_eq!((status.state, &status.container), (ServerState::Failed, &None), "{error}");
    assert_eq!(status.runtime, RuntimeKind::Container);
    assert!(!error.hint().is_empty());
    let log = world.harness.log("notes").await;
    let container = log.split("in container ").nth(1).map(|rest| rest.get(..12).unwrap().to_owned());
    assert!(world.inspected(&container.unwrap()).await.is_none(), "the container is left: {log}");
    let everything = format!("{error} {error:?} {} {log}", error.hint());
    assert!(!everything.contains(CANARY) && !everything.contains('\u{1b}'), "{everything}");
    error
}

#[tokio::test]
async fn a_server_that_dies_at_start_says_its_last_words_without_its_secret() {
    let Some(world) = World::new().await else { return };
    let error = failure(&world, &["die", "3", &format!("\u{1b}[31mbad token {CANARY}")]).await;
    let RuntimeError::DiedAtStart { ended, last_lines, .. } = &error else { panic!("{error}") };
    assert_eq!(ended, "exit status: 3");
    // Podman may add a line of its own, about the stream that ended under it.
    assert_eq!(last_lines[0], "\\u{1b}[31mbad token [TOKEN]");
}

#[tokio::test]
async fn what_is_not_mcp_is_not_mcp_in_a_container_either() {
    let Some(world) = World::with(Limits { initialize: Duration::from_secs(3), ..limits() }).await else {
        return;
    };
    for (part, sample) in [
        (["garbage-then-end"], "Usage: server [OPTIONS]"),
        (["garbage-then-wait"], "Starting up \\u{1b}[32mOK\\u{1b}[0m"),
        (["garbage-forever"], "2026-01-01 INFO listening"),
    ] {
        let error = failure(&world, &part).await;
        let RuntimeError::NotMcp { sample: kept, .. } = &error else { panic!("{part:?}: {error}") };
        assert_eq!(kept, sample);
    }
    let error = failure(&world, &["refuse"]).await;
    assert!(matches!(error, RuntimeError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_or_never_ends_its_line_is_given_up() {
    let limits = Limits { initialize: Duration::from_secs(3), message: 1024 * 1024, ..limits() };
    let Some(world) = World::with(limits).await else { return };
    let error = failure(&world, &["silent"]).await;
    assert!(matches!(error, RuntimeError::NeverAnswered { .. }), "{error}");
    let error = failure(&world, &["huge-line"]).await;
    assert!(matches!(error, RuntimeError::MessageTooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_wants_more_memory_than_it_has_is_ended_and_that_is_said() {
    let Some(world) = World::new().await else { return };
    let error = failure(&world, &["greedy"]).await;
    let RuntimeError::DiedAtStart { ended, .. } = &error else { panic!("{error}") };
    assert!(ended.contains("memory") || ended.contains("137"), "{ended}");
}

#[tokio::test]
async fn an_image_that_is_not_there_is_named() {
    let Some(world) = World::new().await else { return };
    let mut launch = world.harness.launch("notes", &["echo"]);
    let Place::Container(inside) = &mut launch.place else { panic!() };
    inside.image = Image::Named("localhost/no-such-image:1".to_owned());
    let error = world.harness.servers.start(launch).await.unwrap_err();
    assert_eq!(error.code(), "image_unavailable", "{error}");
    assert!(error.to_string().contains("no-such-image"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_in_the_image_is_named() {
    let Some(world) = World::new().await else { return };
    let mut launch = world.harness.launch("notes", &["echo"]);
    launch.program = "/no-such-program".to_owned();
    let error = world.harness.servers.start(launch).await.unwrap_err();
    assert_eq!(error.code(), "container_engine_failed", "{error}");
    assert!(error.to_string().contains("no-such-program"), "{error}");
    assert!(!format!("{error:?}").contains(CANARY));
}

#[tokio::test]
async fn our_own_program_must_be_static() {
    let Some(world) = World::new().await else { return };
    let mut launch = world.harness.launch("notes", &["echo"]);
    let Place::Container(inside) = &mut launch.place else { panic!() };
    inside.image = Image::ThisProgram;
    let error = world.harness.servers.start(launch).await.unwrap_err();
    assert_eq!(error.code(), "program_not_static", "{error}");
    assert!(error.hint().contains("crt-static"), "{}", error.hint());
}

#[tokio::test]
async fn our_own_program_runs_in_an_image_with_nothing_else() {
    let Some(podman) = podman().await else { return };
    let data = tempfile::tempdir().unwrap();
    let containers = containers(&podman, &data);
    containers.prepare(&Image::ThisProgram, &|_| {}).await.unwrap();
    let harness = Harness::of(limits(), Some(containers), Some(Image::ThisProgram));
    harness.servers.start(harness.launch("ours", &["echo"])).await.unwrap();
    assert_eq!(harness.call("ours", "echo").await, "{}");
    let found: serde_json::Value = serde_json::from_str(&harness.call("ours", "surroundings").await).unwrap();
    assert_eq!(found["arguments"], serde_json::json!(["/keyferry", "echo"]));
    assert!(found["mounts"]["/keyferry"].as_str().unwrap().starts_with("ro,"), "{found}");
    harness.servers.shutdown_all().await;
}

#[tokio::test]
async fn starts_of_one_server_at_the_same_time_are_one_container() {
    let Some(world) = World::new().await else { return };
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (servers, launch) = (world.harness.servers.clone(), world.harness.launch("notes", &["echo"]));
        starts.spawn(async move { servers.start(launch).await.unwrap().container.unwrap() });
    }
    let containers = starts.join_all().await;
    assert!(containers.iter().all(|one| *one == containers[0]), "{containers:?}");
    world.end(&containers[0]).await;
}
