//! Containers of an app that was killed.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bollard::query_parameters::ListContainersOptionsBuilder;
use keyferry_app::runtime::{Limits, Place};
use keyferry_core::manifest::Image;

use super::{Harness, containers, limits};
use crate::{
    runtime::harness::{PATIENCE, fixture},
    support::podman::{IMAGE, Podman, configuration, podman},
};

/// An app with one server in a container, killed once that runs.
fn killed_app(podman: &Arc<Podman>, folder: &std::path::Path, part: &str) {
    let mut command = Command::new(fixture());
    command.args(["app", part]).arg(folder).env("TEST_IMAGE", IMAGE).envs(podman.environment());
    let mut app: Child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(app.stdout.take().unwrap()).read_line(&mut line).unwrap();
    app.kill().unwrap();
    app.wait().unwrap();
    assert!(line.trim().parse::<u32>().is_ok(), "{line}");
}

async fn of_app(podman: &Podman, server: &str) -> Vec<String> {
    let docker = podman.docker().negotiate_version().await.unwrap();
    let filters = std::collections::HashMap::from([("label", vec![format!("dev.keyferry.server={server}")])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let until = Instant::now() + PATIENCE;
    loop {
        // One that is on its way from one state to another can't be listed.
        if let Ok(found) = docker.list_containers(Some(options.clone())).await {
            return found.into_iter().filter_map(|container| container.id).collect();
        }
        assert!(Instant::now() < until, "the containers can't be listed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_a_killed_app_left_is_removed_by_the_next_and_nothing_else() {
    let Some(podman) = podman().await else { return };
    let (dead, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    killed_app(&podman, dead.path(), "stubborn");
    killed_app(&podman, other.path(), "stubborn");
    assert_eq!(of_app(&podman, "server-0").await.len(), 2);

    let next = containers(&podman, &dead);
    assert!(next.were_used());
    let harness = Harness::of(limits(), Some(next), Some(Image::Named(IMAGE.to_owned())));
    let started = harness.servers.start(harness.launch("mine", &["echo"])).await.unwrap();
    assert_eq!(of_app(&podman, "server-0").await.len(), 1, "those of another app stay");
    // A second server of the same app removes nothing of the first.
    harness.servers.start(harness.launch("more", &["echo"])).await.unwrap();
    assert_eq!(harness.call("mine", "echo").await, "{}");
    assert!(started.container.is_some());
    harness.servers.shutdown_all().await;
    assert!(of_app(&podman, "mine").await.is_empty());

    let last = Harness::of(limits(), Some(containers(&podman, &other)), Some(Image::Named(IMAGE.to_owned())));
    last.servers.start(last.launch("mine", &["echo"])).await.unwrap();
    assert!(of_app(&podman, "server-0").await.is_empty());
    last.servers.shutdown_all().await;
}

/// The service that a killed app had started for itself, which is a child of nobody's then.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_service_of_podmans_that_an_app_started_ends_with_the_killed_app() {
    let Some(_podman) = podman().await else { return };
    let (own, data) =
        (tempfile::tempdir().unwrap(), tempfile::Builder::new().prefix("kf").tempdir_in("/tmp").unwrap());
    let mut command = Command::new(fixture());
    command.arg("engine").arg(data.path()).env_remove("DOCKER_HOST");
    command.env("XDG_RUNTIME_DIR", own.path()).env("HOME", own.path()).env_remove("CONTAINER_HOST");
    for (name, (file, text)) in configuration(own.path()) {
        std::fs::write(own.path().join(file), text).unwrap();
        command.env(name, own.path().join(file));
    }
    let mut app = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut socket = String::new();
    BufReader::new(app.stdout.take().unwrap()).read_line(&mut socket).unwrap();
    let socket = std::path::PathBuf::from(socket.trim());
    assert!(socket.starts_with(data.path()), "{}", socket.display());
    let answers = || std::os::unix::net::UnixStream::connect(&socket).is_ok();
    assert!(answers());
    app.kill().unwrap();
    app.wait().unwrap();
    let until = Instant::now() + PATIENCE;
    while answers() {
        assert!(Instant::now() < until, "the service is left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn servers_that_are_dropped_take_their_containers_with_them() {
    let Some(podman) = podman().await else { return };
    let data = tempfile::tempdir().unwrap();
    let harness = Harness::of(
        Limits::default(),
        Some(containers(&podman, &data)),
        Some(Image::Named(IMAGE.to_owned())),
    );
    let launch = harness.launch("dropped", &["stubborn"]);
    assert!(matches!(launch.place, Place::Container(_)));
    harness.servers.start(launch).await.unwrap();
    drop(harness);
    let until = Instant::now() + PATIENCE;
    while !of_app(&podman, "dropped").await.is_empty() {
        assert!(Instant::now() < until, "the container is left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
