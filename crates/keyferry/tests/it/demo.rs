use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use crate::support::{World, interrupt, left_over};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_shows_the_whole_path_by_itself() {
    let world = World::new().await;
    let ledger = world.path("ledger");
    let output = world.command(&["demo", "--yes"]).env("KEYFERRY_SANDBOX_LEDGER", &ledger).output().unwrap();
    let ran = world.ran(output);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for seen in [
        "the app's loopback redirect",
        "the proxy added the client secret",
        "none found",
        "SANDBOX_ACCESS_TOKEN",
        "Sandbox has ended the access",
        "carried over by Keyferry",
    ] {
        assert!(ran.stdout.contains(seen), "{seen}: {}", ran.stdout);
    }
    let issued = fs::read_to_string(&ledger).unwrap();
    assert!(issued.lines().count() >= 4, "client secret, code and tokens");
    for secret in issued.lines() {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "a secret was printed");
    }
    assert_eq!(fs::read_dir(world.path("tmp")).unwrap().count(), 0, "the temporary folder is gone");
    assert!(!world.path("data").exists(), "the person's own data folder was not touched");
    assert!(left_over(world.home.path()).is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_waits_for_the_person_and_takes_a_no() {
    let world = World::new().await;
    let allowed = world.install_as(&["demo"], true).await;
    assert_eq!(allowed.code, 0, "{}{}", allowed.stdout, allowed.stderr);
    let denied = world.install_as(&["demo"], false).await;
    assert_eq!(denied.code, 1);
    assert!(denied.stderr.contains("choose Allow"), "{}", denied.stderr);
    assert_eq!(fs::read_dir(world.path("tmp")).unwrap().count(), 0);
    world.end().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_can_be_left_at_any_moment_and_leaves_nothing() {
    let world = World::new().await;
    // The first lines come while it is still starting, the last once it waits for the person.
    for lines in 1..=3 {
        let mut command = world.command(&["demo"]);
        let mut demo = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(demo.stdout.take().unwrap());
        for _ in 0..lines {
            told.read_line(&mut String::new()).unwrap();
        }
        interrupt(demo.id());
        let mut stderr = String::new();
        demo.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(demo.wait().unwrap().code(), Some(1), "after {lines} lines: {stderr}");
        assert!(stderr.contains("interrupted"), "{stderr}");
        assert_eq!(fs::read_dir(world.path("tmp")).unwrap().count(), 0, "after {lines} lines");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_answers_in_json() {
    let world = World::new().await;
    let shown = world.json(&["demo", "--yes"]);
    assert!(shown["answer"]["notes"].as_str().unwrap().contains("carried over"));
    assert!(shown["steps"].as_array().unwrap().len() > 8);
    let mut command = world.command(&["demo", "--yes", "--runtime", "container"]);
    let ran = world.ran(command.env("DOCKER_HOST", "unix:///nowhere.sock").output().unwrap());
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("there is no container engine"), "{}", ran.stderr);
    world.end().await;
}
