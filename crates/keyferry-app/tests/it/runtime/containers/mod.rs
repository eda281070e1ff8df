//! The runtime, with real containers of a real Podman.

mod base;
mod delivery;
mod ends;
mod engine;
mod least;
mod orphans;
mod starts;

use std::sync::Arc;

use keyferry_app::{
    entropy::Entropy,
    runtime::{BaseImage, Containers, ContainersConfig, Limits},
};
use keyferry_core::manifest::Image;
use serde_json::{Map, Value, json};

use super::harness::{Harness, limits, name, text};
use crate::support::podman::{IMAGE, Podman, podman};

/// Servers in containers.
struct World {
    harness: Harness,
    podman: Arc<Podman>,
    _data: tempfile::TempDir,
}

/// The way to a Podman, for an app of its own.
fn containers(podman: &Podman, data: &tempfile::TempDir) -> Containers {
    containers_with(podman, data, BaseImage::of(None))
}

/// Likewise, with a base image of one's own.
fn containers_with(podman: &Podman, data: &tempfile::TempDir, base_image: BaseImage) -> Containers {
    let environment = podman.environment().into_iter().map(|(name, value)| (name.into(), value.into()));
    Containers::new(ContainersConfig {
        environment: environment.collect(),
        data_folder: data.path().to_owned(),
        base_image,
        entropy: Entropy::system(),
    })
}

impl World {
    async fn new() -> Option<Self> {
        Self::with(limits()).await
    }

    async fn with(limits: Limits) -> Option<Self> {
        let podman = podman().await?;
        let data = tempfile::tempdir().unwrap();
        let image = Some(Image::Named(IMAGE.to_owned()));
        let harness = Harness::of(limits, Some(containers(&podman, &data)), image);
        Some(Self { harness, podman, _data: data })
    }

    /// Starts a part that must start; answers its container.
    async fn start(&self, part: &[&str]) -> String {
        let status = self.harness.servers.start(self.harness.launch("notes", part)).await.unwrap();
        status.container.unwrap()
    }

    async fn tool(&self, tool: &str, arguments: Value) -> Value {
        let arguments: Map<String, Value> = arguments.as_object().cloned().unwrap();
        let result = self.harness.servers.call(&name("notes"), tool, arguments).await.unwrap();
        serde_json::from_str(&text(&result)).unwrap()
    }

    async fn surroundings(&self) -> Value {
        self.tool("surroundings", json!({})).await
    }

    /// What the engine tells of a container; nothing when it is gone.
    async fn inspected(&self, container: &str) -> Option<Value> {
        let docker = self.podman.docker().negotiate_version().await.unwrap();
        docker.inspect_container(container, None).await.ok().map(|found| json!(found))
    }

    /// Ends the servers, and checks that no container of them is left.
    async fn end(self, container: &str) {
        self.harness.servers.shutdown_all().await;
        assert!(self.inspected(container).await.is_none(), "the container is left");
    }
}
