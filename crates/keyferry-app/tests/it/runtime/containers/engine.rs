//! The engine: none, one that is silent, one of our own.

use std::path::Path;

use keyferry_app::{
    entropy::Entropy,
    runtime::{BaseImage, Containers, ContainersConfig, RuntimeError},
};
use keyferry_core::manifest::Image;

use super::containers;
use crate::support::podman::{IMAGE, Podman, configuration, podman};

fn with(environment: &[(&str, &str)], data: &Path) -> Containers {
    Containers::new(ContainersConfig {
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        data_folder: data.to_owned(),
        base_image: BaseImage::of(None),
        entropy: Entropy::system(),
    })
}

#[tokio::test]
async fn without_an_engine_it_is_said_what_was_looked_at_and_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let silent = data.path().join("silent.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
    for (address, says) in [
        ("unix:///nowhere.sock".to_owned(), "there is no container engine"),
        ("tcp://127.0.0.1:1".to_owned(), "only a socket of this machine"),
        (format!("unix://{}", silent.display()), "does not answer"),
    ] {
        let error = with(&[("DOCKER_HOST", &address)], data.path()).facts().await.unwrap_err();
        assert_eq!(error.code(), "no_container_engine");
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().contains("--runtime process"), "{}", error.hint());
    }
}

#[tokio::test]
async fn an_engine_tells_what_it_is_and_what_it_can_do() {
    let Some(podman) = podman().await else { return };
    let data = tempfile::tempdir().unwrap();
    let facts = containers(&podman, &data).facts().await.unwrap();
    assert_eq!((facts.name, &facts.socket), ("Podman", &podman.socket()));
    assert!(
        facts.bounds_memory && facts.bounds_pids && facts.bounds_cpus && !facts.started_here,
        "{facts:?}"
    );
    assert!(facts.version.starts_with(|digit: char| digit.is_ascii_digit()), "{facts:?}");
}

#[tokio::test]
async fn podmans_service_is_started_where_it_does_not_run_and_ends_with_the_app() {
    let Some(_podman) = podman().await else { return };
    let (own, data) =
        (tempfile::tempdir().unwrap(), tempfile::Builder::new().prefix("kf").tempdir_in("/tmp").unwrap());
    let mut environment = vec![("PATH", std::env::var("PATH").unwrap())];
    for (name, (file, text)) in configuration(own.path()) {
        std::fs::write(own.path().join(file), text).unwrap();
        environment.push((name, own.path().join(file).display().to_string()));
    }
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let containers = with(&environment, data.path());
    let facts = containers.facts().await.unwrap();
    assert!(facts.started_here && facts.socket.starts_with(data.path()), "{facts:?}");
    let mode = std::fs::metadata(facts.socket.parent().unwrap()).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o700);
    assert_eq!(containers.facts().await.unwrap(), facts);
    drop(containers);
    assert!(!facts.socket.exists());
    assert!(std::os::unix::net::UnixStream::connect(&facts.socket).is_err());
}

#[tokio::test]
async fn an_image_that_no_registry_gives_is_named_with_what_the_engine_said() {
    let Some(podman) = podman().await else { return };
    let data = tempfile::tempdir().unwrap();
    let containers = containers(&podman, &data);
    let missing = Image::Named("127.0.0.1:1/none".to_owned());
    let error = containers.prepare(&missing, &|_| {}).await.unwrap_err();
    let RuntimeError::Image { image, reason } = &error else { panic!("{error}") };
    assert!(image.contains("none") && !reason.is_empty(), "{error}");
    containers.prepare(&Image::Named(IMAGE.to_owned()), &|line| panic!("{line}")).await.unwrap();
}

#[tokio::test]
async fn an_engine_that_went_away_is_looked_for_again() {
    if podman().await.is_none() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let first = Podman::start();
    let containers = containers(&first, &data);
    containers.facts().await.unwrap();
    drop(first);
    assert_eq!(containers.facts().await.unwrap_err().code(), "no_container_engine");
}
