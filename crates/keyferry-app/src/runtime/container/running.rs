//! One container, from its making to its removal.

use std::{fmt, io, path::Path, sync::Arc, time::Duration};

use bollard::{
    errors::Error,
    query_parameters::{
        AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, KillContainerOptionsBuilder,
        WaitContainerOptionsBuilder,
    },
};
use futures_util::StreamExt as _;
use keyferry_core::manifest::Image;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use tokio_util::either::Either;

use super::{
    containers::{Containers, remove},
    engine::{Engine, failed, reason},
    images,
    linked::is_static,
    marks,
    spec::Parts,
    streams::{self, Carriers},
};
use crate::runtime::{
    Inside, Launch, Limits, RuntimeError,
    files::{self, make_owned},
    instance::{Exit, Instance, Spawned},
    process::environment,
};

/// How long an engine that does not answer is asked for a container's end.
const ASKED_AGAIN: u32 = 20;
const ASKED_EVERY: Duration = Duration::from_millis(500);

/// How a container ended, or why that is not known.
type Told = Option<Result<Exit, String>>;

/// A container. Dropped, it is killed and removed in the background.
pub(crate) struct Container {
    made: Made,
    pid: Option<u32>,
    told: watch::Receiver<Told>,
    watching: JoinHandle<()>,
    _carriers: Carriers,
}

/// A container that exists, whether it runs or not.
struct Made {
    engine: Arc<Engine>,
    id: String,
    gone: bool,
}

impl Container {
    /// Makes a container of the launch and starts it. When that fails, nothing of it is left.
    pub(crate) async fn spawn(
        containers: &Containers,
        launch: &Launch,
        inside: &Inside,
        this_program: &Path,
    ) -> Result<Spawned, RuntimeError> {
        environment::check(launch)?;
        if inside.image == Image::ThisProgram && !is_static(this_program) {
            return Err(RuntimeError::NotStatic { program: this_program.to_owned() });
        }
        let engine = containers.engine().await?;
        let name = images::name(&inside.image, &containers.config.base_image);
        let image = images::look(&engine, &name).await?.ok_or_else(|| RuntimeError::Image {
            image: name.clone(),
            reason: "the engine does not have it".to_owned(),
        })?;
        let runner = engine.runner();
        deliver(launch, inside, runner.owner).await?;
        let parts = Parts {
            launch,
            inside,
            volumes: volumes(&name, image.config.and_then(|config| config.volumes))?,
            // By its digest: a name may mean another image by now.
            image: image.id.unwrap_or_else(|| name.clone()),
            this_program,
            mark: &containers.mark()?,
            runner,
            facts: &engine.facts,
        };
        let options = CreateContainerOptionsBuilder::new()
            .name(&marks::container_name(&launch.server, &containers.config.entropy))
            .build();
        let made = engine
            .docker
            .create_container(Some(options), parts.body())
            .await
            .map_err(|error| failed("make a container", &error))?;
        let made = Made { engine, id: made.id, gone: false };
        let what = format!("{name} in container {}", made.short_id());
        let (container, streams) = made.start().await?;
        Ok(Spawned {
            instance: Instance::Container(container),
            what,
            stdin: Either::Right(streams.stdin),
            stdout: Either::Right(streams.stdout),
            stderr: Either::Right(streams.stderr),
        })
    }

    /// The first letters of its id, by which engines find it.
    pub(crate) fn short_id(&self) -> &str {
        self.made.short_id()
    }

    /// Its first process, where it is one of this machine.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Waits for its end.
    pub(crate) async fn exited(&mut self) -> io::Result<Exit> {
        let told = self.told.wait_for(Option::is_some).await;
        match told.as_deref() {
            Ok(Some(Ok(exit))) => Ok(*exit),
            Ok(Some(Err(why))) => Err(io::Error::other(why.clone())),
            _ => Err(io::Error::other("its end is not known")),
        }
    }

    /// Ends and removes it. Its streams may be closed already, which is what it is waited for first.
    pub(crate) async fn stop(mut self, limits: &Limits) -> Option<Exit> {
        let mut ended = self.ended_within(limits.after_eof).await;
        if ended.is_none() {
            self.made.signal("SIGTERM", limits.after_terminate).await;
            ended = self.ended_within(limits.after_terminate).await;
        }
        if ended.is_none() {
            self.made.signal("SIGKILL", limits.after_kill).await;
            ended = self.ended_within(limits.after_kill).await;
        }
        let removed =
            timeout(limits.after_terminate + limits.after_kill, remove(&self.made.engine, &self.made.id))
                .await;
        match removed {
            Ok(Ok(())) => self.made.gone = true,
            Ok(Err(error)) => tracing::warn!(container = self.made.id, %error, "a container is left behind"),
            Err(_) => tracing::warn!(container = self.made.id, "a container is not removed in time"),
        }
        ended
    }

    async fn ended_within(&mut self, limit: Duration) -> Option<Exit> {
        timeout(limit, self.exited()).await.ok().and_then(Result::ok)
    }
}

impl Made {
    async fn start(self) -> Result<(Container, streams::Streams), RuntimeError> {
        let docker = &self.engine.docker;
        let options =
            AttachContainerOptionsBuilder::new().stdin(true).stdout(true).stderr(true).stream(true).build();
        // Before the start, so that not a word is missed.
        let attached = docker
            .attach_container(&self.id, Some(options))
            .await
            .map_err(|error| failed("reach a container's streams", &error))?;
        let (streams, carriers) = streams::apart(attached);
        docker.start_container(&self.id, None).await.map_err(|error| failed("start a container", &error))?;
        let (tell, told) = watch::channel(None);
        let (engine, id) = (Arc::clone(&self.engine), self.id.clone());
        let watching = tokio::spawn(async move { _ = tell.send(Some(end(&engine, &id).await)) });
        let state = docker.inspect_container(&self.id, None).await.ok().and_then(|found| found.state);
        let pid =
            state.and_then(|state| state.pid).and_then(|pid| u32::try_from(pid).ok()).filter(|&pid| pid > 0);
        Ok((Container { made: self, pid, told, watching, _carriers: carriers }, streams))
    }

    fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    async fn signal(&self, signal: &str, limit: Duration) {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        // One that has ended can't be signalled, which is what is wanted.
        _ = timeout(limit, self.engine.docker.kill_container(&self.id, Some(options))).await;
    }
}

/// Waits for the end of a container, however long that takes.
async fn end(engine: &Engine, id: &str) -> Result<Exit, String> {
    let mut left = ASKED_AGAIN;
    loop {
        let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let code = match engine.docker.wait_container(id, Some(options)).next().await {
            Some(Ok(ended)) => ended.status_code,
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(Error::RequestTimeoutError)) => continue,
            Some(Err(error)) if left == 0 => return Err(reason(&error)),
            None if left == 0 => return Err("the engine does not tell its end".to_owned()),
            _ => {
                left -= 1;
                sleep(ASKED_EVERY).await;
                continue;
            }
        };
        let state = engine.docker.inspect_container(id, None).await.ok().and_then(|found| found.state);
        let out_of_memory = state.and_then(|state| state.oom_killed).unwrap_or_default();
        return Ok(Exit::Container { code, out_of_memory });
    }
}

/// Puts on this machine's disk what the container is shown of it.
async fn deliver(launch: &Launch, inside: &Inside, owner: Option<u32>) -> Result<(), RuntimeError> {
    if inside.image == Image::Base {
        let cache = inside.cache.clone();
        let failed = |reason: String| RuntimeError::Files { home: inside.cache.clone(), reason };
        tokio::task::spawn_blocking(move || make_owned(&cache, owner))
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
    }
    if launch.files.is_empty() { Ok(()) } else { files::write(&launch.home, &launch.files, owner) }
}

/// The paths at which an image wants volumes. They get temporary folders; what is no plain path is an image's attempt at something
/// else.
fn volumes(name: &str, wanted: Option<Vec<String>>) -> Result<Vec<String>, RuntimeError> {
    const MOST: usize = 16;
    let wanted = wanted.unwrap_or_default();
    let plain = |path: &String| {
        let below = path.strip_prefix('/').unwrap_or_default();
        !below.is_empty()
            && below.split('/').all(|part| !matches!(part, "" | "." | ".."))
            && !path.chars().any(|c| c.is_control() || matches!(c, ':' | ','))
    };
    if wanted.len() <= MOST && wanted.iter().all(plain) {
        return Ok(wanted);
    }
    Err(RuntimeError::Image {
        image: name.to_owned(),
        reason: "it asks for volumes that no container gets".to_owned(),
    })
}

impl Drop for Made {
    fn drop(&mut self) {
        if self.gone {
            return;
        }
        // Without a runtime the program ends, and the next one removes what is left.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (engine, id) = (Arc::clone(&self.engine), std::mem::take(&mut self.id));
            runtime.spawn(async move { _ = remove(&engine, &id).await });
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Container").field("id", &self.made.id).finish_non_exhaustive()
    }
}
