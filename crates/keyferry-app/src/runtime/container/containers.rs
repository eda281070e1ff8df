//! What the supervisor holds of containers: the engine, once it is needed, and whose containers are its own.

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bollard::{
    errors::Error,
    query_parameters::{
        ListContainersOptionsBuilder, PruneContainersOptionsBuilder, RemoveContainerOptionsBuilder,
    },
};
use keyferry_core::manifest::Image;
use tokio::{sync::Mutex, time::sleep};

use super::{
    engine::{Engine, Facts, failed, is_missing},
    find::find,
    images::{self, BaseImage},
    marks,
};
use crate::{
    entropy::Entropy,
    runtime::{RuntimeError, process::watchdog::Watchdog},
};

/// How often, and after which wait, a list is asked for again that holds a container in a state on its way to another.
const LISTED_AGAIN: u32 = 20;
const LISTED_EVERY: Duration = Duration::from_millis(250);

/// What is needed of the world for containers.
#[derive(Clone, Debug)]
pub struct ContainersConfig {
    /// The environment, which may name an engine, and in which Podman's service is started.
    pub environment: Vec<(OsString, OsString)>,
    /// The app's data folder. It exists.
    pub data_folder: PathBuf,
    /// The base image.
    pub base_image: BaseImage,
    /// The source of names that no other container has.
    pub entropy: Entropy,
}

/// The way to the engine. Clones lead to the same one.
#[derive(Clone)]
pub struct Containers {
    pub(super) config: Arc<ContainersConfig>,
    known: Arc<Mutex<Known>>,
    watchdog: Arc<OnceLock<Arc<Watchdog>>>,
}

#[derive(Default)]
struct Known {
    engine: Option<Arc<Engine>>,
    /// Whether what an app before this one left has been removed.
    swept: bool,
}

impl Containers {
    /// Looks for nothing yet.
    #[must_use]
    pub fn new(config: ContainersConfig) -> Self {
        Self { config: Arc::new(config), known: Arc::default(), watchdog: Arc::default() }
    }

    /// Names what ends a service that is started here, should the app be killed.
    pub(crate) fn are_watched_by(&self, watchdog: &Arc<Watchdog>) {
        // Set once: an app has one supervisor.
        _ = self.watchdog.set(Arc::clone(watchdog));
    }

    /// Which engine there is. Looks for one where none is known or the known one is silent; that may start Podman's service.
    ///
    /// # Errors
    /// [`RuntimeError::NoEngine`].
    pub async fn facts(&self) -> Result<Facts, RuntimeError> {
        let mut known = self.known.lock().await;
        Ok(self.engine_in(&mut known).await?.facts.clone())
    }

    /// Has an image there: pulls or builds it where it is not, and tells how that goes, a line a step.
    ///
    /// # Errors
    /// [`RuntimeError::Image`] where it can't be had.
    pub async fn prepare(
        &self,
        image: &Image,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<(), RuntimeError> {
        let engine = {
            let mut known = self.known.lock().await;
            self.engine_in(&mut known).await?
        };
        images::prepare(&engine, image, &self.config.base_image, tell).await
    }

    /// The name of an image at the engine, and whether it is there.
    ///
    /// # Errors
    /// [`RuntimeError::NoEngine`], or what the engine says.
    pub async fn image(&self, image: &Image) -> Result<(String, bool), RuntimeError> {
        let engine = {
            let mut known = self.known.lock().await;
            self.engine_in(&mut known).await?
        };
        let name = images::name(image, &self.config.base_image);
        let found = images::look(&engine, &name).await?.is_some();
        Ok((name, found))
    }

    /// Whether an app of this data folder has used containers before, so that it may have left some.
    #[must_use]
    pub fn were_used(&self) -> bool {
        marks::are_in(&self.config.data_folder)
    }

    /// The engine, with nothing in it that an app before this one left: only one app at a time has this data folder.
    pub(crate) async fn engine(&self) -> Result<Arc<Engine>, RuntimeError> {
        let mut known = self.known.lock().await;
        let engine = self.engine_in(&mut known).await?;
        if !known.swept {
            remove_orphans(&engine, &self.mark()?).await?;
            known.swept = true;
        }
        Ok(engine)
    }

    /// Whose user a server in a container is on this machine, where that is another than this one.
    pub(crate) async fn owner(&self) -> Result<Option<u32>, RuntimeError> {
        let mut known = self.known.lock().await;
        Ok(self.engine_in(&mut known).await?.runner().owner)
    }

    /// The mark of this app's containers.
    pub(super) fn mark(&self) -> Result<String, RuntimeError> {
        marks::of(&self.config.data_folder, &self.config.entropy).map_err(|error| RuntimeError::Engine {
            doing: "mark containers as this app's",
            reason: error.to_string(),
        })
    }

    /// Lets the engine go. A service that was started for this app ends.
    pub(crate) async fn close(&self) {
        self.known.lock().await.engine = None;
    }

    async fn engine_in(&self, known: &mut Known) -> Result<Arc<Engine>, RuntimeError> {
        if let Some(engine) = &known.engine
            && engine.answers().await
        {
            return Ok(Arc::clone(engine));
        }
        known.engine = None;
        let watchdog = self.watchdog.get().map(Arc::as_ref);
        let found = find(&self.config.environment, &self.config.data_folder, watchdog).await?;
        tracing::info!(
            engine = found.facts.name,
            version = found.facts.version,
            socket = %found.facts.socket.display(),
            rootless = found.facts.rootless,
            "a container engine is there"
        );
        Ok(Arc::clone(known.engine.insert(Arc::new(found))))
    }
}

impl fmt::Debug for Containers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Containers").field("data_folder", &self.config.data_folder).finish_non_exhaustive()
    }
}

/// Removes every container with this mark, running or not.
async fn remove_orphans(engine: &Engine, mark: &str) -> Result<(), RuntimeError> {
    let filters = HashMap::from([("label".to_owned(), vec![format!("{}={mark}", marks::APP)])]);
    let mut found = Vec::new();
    for left in (0..LISTED_AGAIN).rev() {
        // What has ended goes first: the states it passes through are more than the list can tell.
        let ended = PruneContainersOptionsBuilder::new().filters(&filters).build();
        engine
            .docker
            .prune_containers(Some(ended))
            .await
            .map_err(|error| failed("remove the containers of before", &error))?;
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        match engine.docker.list_containers(Some(options)).await {
            Ok(listed) => {
                found = listed;
                break;
            }
            Err(Error::JsonDataError { .. }) if left > 0 => sleep(LISTED_EVERY).await,
            Err(error) => return Err(failed("list the containers of before", &error)),
        }
    }
    for id in found.into_iter().filter_map(|container| container.id) {
        match remove(engine, &id).await {
            Ok(()) => {
                tracing::info!(container = id, "a container that an app before this one left is removed");
            }
            Err(error) => tracing::warn!(container = id, %error, "a container of before can't be removed"),
        }
    }
    Ok(())
}

/// Kills a container and removes it, with the volumes that nobody named. One that is gone is removed already.
pub(super) async fn remove(engine: &Engine, id: &str) -> Result<(), RuntimeError> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match engine.docker.remove_container(id, Some(options)).await {
        Err(error) if !is_missing(&error) => Err(failed("remove a container", &error)),
        _ => Ok(()),
    }
}
