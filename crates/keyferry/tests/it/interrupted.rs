//! Installs whose command ends before the person has decided.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use crate::support::{World, interrupt, kill};

/// Begins an install, ends its command by a signal while it waits for the person, and returns what it said.
fn given_up(world: &World, signal: fn(u32)) -> String {
    let api_url = format!("api_url={}", world.sandbox.api_url());
    let mut command = world.command(&["install", "sandbox-notes", "--set", &api_url]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("code_challenge=") {
        line.clear();
        assert_ne!(told.read_line(&mut line).unwrap(), 0, "no page was named");
    }
    signal(child.id());
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert!(!child.wait().unwrap().success());
    rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_that_was_interrupted_or_killed_keeps_no_other_out() {
    let world = World::new().await;
    let (proxy, app) = (world.proxy(), world.app());
    let said = given_up(&world, interrupt);
    assert!(said.contains("the install is cancelled"), "{said}");
    given_up(&world, kill);
    let ran = world.install().await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    app.end(&world);
    proxy.end(&world);
    world.end().await;
}
