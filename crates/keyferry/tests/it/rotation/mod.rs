//! Tokens that change under running servers, while clients call without a pause.

mod calls;
mod figures;
mod scene;

use std::time::Duration;

use calls::called;
use figures::Figures;
use scene::{Delivery, Runtime, Scene};

/// The life of an access token.
const LIFE: Duration = Duration::from_secs(2);

/// How long they call, unless `KEYFERRY_TEST_SECONDS` says otherwise.
const SECONDS: u64 = 6;

fn seconds() -> Duration {
    let seconds = std::env::var("KEYFERRY_TEST_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    Duration::from_secs(seconds)
}

/// A server that has its tokens by this delivery is called until the time is up. No call may fail.
async fn rotated(runtime: Runtime, delivery: Delivery) {
    let Some(scene) = Scene::set(runtime, delivery, LIFE).await else { return };
    let before = scene.world.sandbox.counters().refresh_requests;
    let calls = called(&scene, seconds()).await;
    let rotations = scene.world.sandbox.counters().refresh_requests - before;
    let figures = Figures::of(&calls, &scene.world.sandbox.access_token_uses());
    println!("{runtime:?}, {delivery:?}: {rotations} rotations, {figures}");
    let status = scene.world.json(&["status", "sandbox-notes"]);
    assert_eq!(figures.failed, 0, "{:?}", calls.iter().find(|call| call.failed.is_some()));
    let due = seconds().as_secs_f64() / LIFE.as_secs_f64() - 1.0;
    assert!(rotations as f64 >= due, "{rotations} refreshes, and {due} were due");
    assert!(figures.changes as f64 >= due, "{} tokens came into use, and {due} were due", figures.changes);
    assert_eq!(status["restarts"], 0, "a new token is no restart: {status}");
    scene.strike().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_tokens_of_two_seconds_rotate_through_the_environment_of_a_process() {
    rotated(Runtime::Process, Delivery::Environment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_tokens_of_two_seconds_rotate_in_a_file_of_a_process() {
    rotated(Runtime::Process, Delivery::File).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_tokens_of_two_seconds_rotate_through_the_environment_of_a_container() {
    rotated(Runtime::Container, Delivery::Environment).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_tokens_of_two_seconds_rotate_in_a_file_of_a_container() {
    rotated(Runtime::Container, Delivery::File).await;
}
