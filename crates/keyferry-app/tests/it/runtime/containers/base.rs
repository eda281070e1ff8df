//! The base image: built by its recipe, or the one that the settings name. Keyferry's own recipe needs a registry; these need none.

use std::sync::Mutex;

use keyferry_app::runtime::{BaseImage, Containers, RuntimeError};
use keyferry_core::manifest::Image;
use serde_json::{Value, json};

use super::containers_with;
use crate::{
    runtime::harness::{Harness, limits, name, text},
    support::podman::{IMAGE, podman},
};

/// Prepares the base image, and answers what was told meanwhile.
async fn prepared(containers: &Containers) -> (Result<(), RuntimeError>, Vec<String>) {
    let told = Mutex::new(Vec::new());
    let outcome = containers.prepare(&Image::Base, &|line| told.lock().unwrap().push(line)).await;
    (outcome, told.into_inner().unwrap())
}

#[tokio::test]
async fn the_base_image_is_built_once_by_its_recipe_and_another_recipe_makes_another() {
    let Some(podman) = podman().await else { return };
    let data = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for label in ["one", "two"] {
        let recipe = format!("FROM scratch\nLABEL is={label}\nCOPY Containerfile /Containerfile\n");
        let containers = containers_with(&podman, &data, BaseImage::Recipe(recipe));
        assert!(!containers.image(&Image::Base).await.unwrap().1);
        let (outcome, told) = prepared(&containers).await;
        outcome.unwrap();
        assert!(told.iter().all(|line| line.starts_with("Building the base image: ")), "{told:#?}");
        assert!(told.iter().any(|line| line.contains("COPY Containerfile")), "{told:#?}");
        let (name, is_there) = containers.image(&Image::Base).await.unwrap();
        assert!(is_there && name.starts_with("localhost/keyferry-base:"), "{name}");
        let found = podman.docker().negotiate_version().await.unwrap().inspect_image(&name).await.unwrap();
        assert_eq!(found.config.unwrap().labels.unwrap()["is"], label);
        let (again, told) = prepared(&containers).await;
        assert!(again.is_ok() && told.is_empty(), "it was there: {told:#?}");
        names.push(name);
    }
    assert_ne!(names[0], names[1]);
}

#[tokio::test]
async fn a_recipe_that_fails_is_told_with_what_the_engine_said_and_leaves_no_image() {
    let Some(podman) = podman().await else { return };
    let data = tempfile::tempdir().unwrap();
    for (recipe, says) in [
        ("FROM scratch\nCOPY missing /\n", "missing"),
        ("FROM 127.0.0.1:1/none:1\n", "127.0.0.1:1"),
        ("FROM scratch\nNOTHING\n", "NOTHING"),
    ] {
        let containers = containers_with(&podman, &data, BaseImage::Recipe(recipe.to_owned()));
        let (outcome, _) = prepared(&containers).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "image_unavailable", "{error}");
        assert!(error.to_string().contains(says), "{recipe:?}: {error}");
        assert!(!containers.image(&Image::Base).await.unwrap().1, "{recipe:?}");
    }
}

#[tokio::test]
async fn a_base_image_that_the_settings_name_is_taken_as_it_is() {
    let Some(podman) = podman().await else { return };
    let data = tempfile::tempdir().unwrap();
    let containers = containers_with(&podman, &data, BaseImage::of(Some(IMAGE.to_owned())));
    let (outcome, told) = prepared(&containers).await;
    outcome.unwrap();
    assert!(told.is_empty(), "{told:#?}");
    assert_eq!(containers.image(&Image::Base).await.unwrap(), (IMAGE.to_owned(), true));
}

#[tokio::test]
async fn a_server_in_the_base_image_has_a_cache_of_its_own_that_outlives_it() {
    let Some(podman) = podman().await else { return };
    let data = tempfile::tempdir().unwrap();
    let base = BaseImage::Recipe(format!("FROM {IMAGE}\n"));
    let containers = containers_with(&podman, &data, base);
    prepared(&containers).await.0.unwrap();
    let harness = Harness::of(limits(), Some(containers), Some(Image::Base));
    let tool = async |tool: &str, arguments: Value| -> Value {
        let arguments = arguments.as_object().cloned().unwrap();
        let result = harness.servers.call(&name("notes"), tool, arguments).await.unwrap();
        serde_json::from_str(&text(&result)).unwrap()
    };
    harness.servers.start(harness.launch("notes", &["echo"])).await.unwrap();
    let environment = tool("environment", json!({})).await;
    let cache = environment["XDG_CACHE_HOME"].as_str().unwrap();
    for (program, below) in [("npm_config_cache", "npm"), ("UV_CACHE_DIR", "uv"), ("UV_TOOL_DIR", "uv-tools")]
    {
        assert_eq!(environment[program], format!("{cache}/{below}"));
    }
    let kept = format!("{cache}/kept");
    let written = tool("write", json!({ "path": kept, "size": 1 })).await;
    assert_eq!(written["written"], 1, "{written}");
    assert!(tool("write", json!({ "path": "/kept", "size": 1 })).await["error"].is_string());
    harness.servers.stop(&name("notes")).await.unwrap();
    harness.servers.start(harness.launch("notes", &["echo"])).await.unwrap();
    assert_eq!(tool("read", json!({ "path": kept })).await["text"], "x");
    assert!(harness.folder.path().join("cache/kept").is_file());
    harness.servers.shutdown_all().await;
}
