//! An app that is asked to end, once or twice, while a refresh token is being spent.

use std::process::Stdio;

use keyferry_sandbox::{Fault, Target};

use crate::support::{Service, World, terminate, until};

/// Begins a refresh by a command of its own, and waits until the provider has the request.
fn spending(world: &World, id: &str, milliseconds: u64) -> std::process::Child {
    world.sandbox.faults().once(Target::Token, Fault::Slow { milliseconds });
    let mut command = world.command(&["connections", "refresh", id]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the provider is asked", || world.sandbox.counters().refresh_requests > 0);
    child
}

async fn world_with_app() -> (World, Service, Service, String) {
    let world = World::new().await;
    let (proxy, app) = (world.proxy(), world.app());
    world.install().await;
    let id = world.connection();
    (world, proxy, app, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_asked_to_end_waits_for_the_refresh_under_way() {
    let (world, proxy, app, id) = world_with_app().await;
    let before = world.connections()[0]["expires_at"].clone();
    let mut asking = spending(&world, &id, 1_500);
    // Who asked is gone, and no request is left that the listener would wait for.
    asking.kill().unwrap();
    asking.wait().unwrap();
    assert_eq!(app.end(&world), 0);
    assert_ne!(world.connections()[0]["expires_at"], before, "the new tokens were saved");
    assert_eq!(world.sandbox.counters().refresh_requests, 1);
    assert_eq!(world.run(&["connections", "refresh", &id]).code, 0);
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_asked_twice_ends_at_once_and_the_next_start_finds_the_reply() {
    let (world, proxy, app, id) = world_with_app().await;
    let mut asking = spending(&world, &id, 2_500);
    let begun = std::time::Instant::now();
    terminate(app.pid());
    until("it no longer listens", || {
        std::net::TcpStream::connect(app.url.trim_start_matches("http://")).is_err()
    });
    terminate(app.pid());
    assert_eq!(app.wait(&world), 130);
    assert!(begun.elapsed().as_millis() < 2_000, "it did not wait for the reply");
    asking.wait().unwrap();
    let ran = world.run(&["connections", "refresh", &id]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let counts = world.sandbox.counters();
    assert_eq!(
        (counts.refresh_requests, counts.refresh_tokens_reused),
        (1, 0),
        "the proxy had kept the reply"
    );
    proxy.end(&world);
    world.end().await;
}
