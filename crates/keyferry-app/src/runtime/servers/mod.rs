//! The supervisor: every server of the app, each kept by a task of its own, so that none waits for another.

mod keeper;
mod remote;
mod start;
mod watch;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use keyferry_core::{delivery::RenderedFile, id::ServerName, secret::SecretText};
use rmcp::model::{CallToolResult, JsonObject, Tool};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::{JoinSet, spawn_blocking},
    time::timeout,
};

use super::{
    Containers, Cursor, Limits, RuntimeError, ServerStatus, Start, WatchdogCommand, files, log,
    mcp::{Session, Switchboard},
    process::{environment, program, watchdog::Watchdog},
};
use keeper::{Keeper, Order};
use watch::Seen;

/// The clock, handed in.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Orders that wait for one server at a time; further callers wait to place theirs.
const ORDERS: usize = 16;
/// On top of the longest stop: what the tasks around it need.
const SPARE: Duration = Duration::from_secs(1);
/// Changes that whoever listens has not heard of yet. One that misses some is told so.
const MOST_UNHEARD: usize = 1024;
/// The longest end of a log that is read, in lines.
const MOST_LOG_LINES: usize = 10_000;

/// What the supervisor needs of the world.
pub struct ServersConfig {
    /// The file that the command `keyferry` means.
    pub this_program: PathBuf,
    /// The environment of the app, of which servers inherit a little.
    pub parent_environment: Vec<(OsString, OsString)>,
    /// Where the logs are; made with mode 0700. One log a server, in two files.
    pub log_folder: PathBuf,
    /// How the watchdog is started. Without it, servers end with the app only when it ends in order.
    pub watchdog: Option<WatchdogCommand>,
    /// The way to a container engine. Without it, nothing runs in a container.
    pub containers: Option<Containers>,
    /// Every bound.
    pub limits: Limits,
    /// The clock.
    pub now: Now,
}

/// The servers of the app. Clones are the same servers; when the last one is dropped, every server is killed.
///
/// Must be used within a tokio runtime.
#[derive(Clone)]
pub struct Servers {
    shared: Arc<Shared>,
    kept: Arc<Mutex<BTreeMap<ServerName, Kept>>>,
}

/// What the keepers share.
struct Shared {
    config: ServersConfig,
    watchdog: Arc<Watchdog>,
    switchboard: Switchboard,
    /// Servers whose status has changed, for whoever shows it.
    told: broadcast::Sender<ServerName>,
    /// Set before the last stops are ordered, so that a start that is ordered after one of them is refused.
    closing: AtomicBool,
}

/// The way to a keeper.
#[derive(Clone)]
struct Kept {
    orders: mpsc::Sender<Order>,
    seen: tokio::sync::watch::Receiver<Seen>,
}

impl Servers {
    /// Starts nothing yet.
    #[must_use]
    pub fn new(config: ServersConfig) -> Self {
        let watchdog = Arc::new(Watchdog::new(config.watchdog.clone()));
        if let Some(containers) = &config.containers {
            containers.are_watched_by(&watchdog);
        }
        let shared = Shared {
            config,
            watchdog,
            switchboard: Switchboard::default(),
            told: broadcast::Sender::new(MOST_UNHEARD),
            closing: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), kept: Arc::default() }
    }

    /// Starts a server, and answers when it has been initialised and its tools were listed, or why not.
    ///
    /// Of a server that runs, the status; nothing is started. Who asks while a start is under way gets its outcome. A start goes on
    /// when its caller goes away.
    ///
    /// # Errors
    /// What is wrong with the launch, or how the server failed: see [`RuntimeError`].
    pub async fn start(&self, launch: impl Into<Start>) -> Result<ServerStatus, RuntimeError> {
        let launch = launch.into();
        let kept = self.keep(launch.server())?;
        let (reply, outcome) = oneshot::channel();
        let order = Order::Start { launch: Box::new(launch), reply };
        kept.orders.send(order).await.map_err(|_| RuntimeError::ShuttingDown)?;
        outcome.await.map_err(|_| RuntimeError::ShuttingDown)?
    }

    /// Starts a server anew beside the one that runs, and has it take that one's place once it answers: calls go to the new one from then
    /// on, and those under way end on the old one, which is stopped after them, or after the limit for a call. One that does not run is
    /// started.
    ///
    /// # Errors
    /// As [`Servers::start`]. The one that runs goes on then.
    pub async fn replace(&self, launch: impl Into<Start>) -> Result<ServerStatus, RuntimeError> {
        let launch = launch.into();
        let kept = self.keep(launch.server())?;
        let (reply, outcome) = oneshot::channel();
        let order = Order::Replace { launch: Box::new(launch), reply };
        kept.orders.send(order).await.map_err(|_| RuntimeError::ShuttingDown)?;
        outcome.await.map_err(|_| RuntimeError::ShuttingDown)?
    }

    /// Hides these as well in the log of a server that runs, which has got them by a file.
    pub fn learn(&self, server: &ServerName, secrets: &[SecretText]) {
        if let Ok(session) = self.session(server) {
            session.learn(secrets);
        }
    }

    /// Stops a server, politely, then firmly, and answers when nothing of it is left. Of one that does not run, the status.
    ///
    /// Takes at most [`Limits::longest_stop`].
    ///
    /// # Errors
    /// [`RuntimeError::Unkillable`] when the kernel does not end it.
    pub async fn stop(&self, server: &ServerName) -> Result<ServerStatus, RuntimeError> {
        let Some(kept) = self.find(server) else { return Ok(ServerStatus::default()) };
        let (reply, outcome) = oneshot::channel();
        if kept.orders.send(Order::Stop { reply }).await.is_err() {
            return Ok(ServerStatus::default());
        }
        outcome.await.unwrap_or(Ok(ServerStatus::default()))
    }

    /// Stops a server, forgets it and removes its log.
    ///
    /// # Errors
    /// As [`Servers::stop`]; [`RuntimeError::Log`] when the log can't be removed.
    pub async fn remove(&self, server: &ServerName) -> Result<(), RuntimeError> {
        self.stop(server).await?;
        self.lock().remove(server);
        let path = self.shared.log_path(server);
        let removed = spawn_blocking({
            let path = path.clone();
            move || log::remove(&path)
        });
        flattened(removed.await).map_err(|error| RuntimeError::Log { path, reason: error.to_string() })
    }

    /// Writes credential files of a running server anew, each by a rename that puts it in the place of the one before: a reader has the
    /// old file or the new one, never half. The same for both runtimes. A file must lie in a folder that held one when the server
    /// started, for a container sees no other.
    ///
    /// # Errors
    /// [`RuntimeError::NotRunning`] when it does not run, [`RuntimeError::Files`] when the disk does not take it; then the files that
    /// were not written are those of before, whole.
    pub async fn rewrite_files(
        &self,
        server: &ServerName,
        new: Vec<RenderedFile>,
    ) -> Result<(), RuntimeError> {
        let delivered = self.find(server).and_then(|kept| kept.seen.borrow().delivered.clone());
        let delivered = delivered.ok_or_else(|| RuntimeError::NotRunning { server: server.clone() })?;
        let home = delivered.home.clone();
        let written = spawn_blocking(move || files::write(&delivered.home, &new, delivered.owner)).await;
        written.unwrap_or_else(|error| Err(RuntimeError::Files { home, reason: error.to_string() }))
    }

    /// Whether the file of a command is there. A relative one is looked for below `folder`.
    ///
    /// # Errors
    /// [`RuntimeError::ProgramNotFound`] or [`RuntimeError::NotExecutable`].
    pub fn look_for(&self, command: &str, folder: &Path) -> Result<(), RuntimeError> {
        let config = &self.shared.config;
        let path = environment::path(&config.parent_environment);
        program::resolve(command, folder, &config.this_program, path).map(drop)
    }

    /// What a server does right now; of one never started, that it is stopped.
    #[must_use]
    pub fn status(&self, server: &ServerName) -> ServerStatus {
        self.find(server).map(|kept| kept.seen.borrow().status.clone()).unwrap_or_default()
    }

    /// Whether a server can be called right now. One that has just ended can't, although its status may still be about to change.
    #[must_use]
    pub fn can_be_called(&self, server: &ServerName) -> bool {
        self.find(server).is_some_and(|kept| kept.seen.borrow().session.is_some())
    }

    /// Every server that was started since the app began, by name.
    #[must_use]
    pub fn statuses(&self) -> BTreeMap<ServerName, ServerStatus> {
        self.lock().iter().map(|(name, kept)| (name.clone(), kept.seen.borrow().status.clone())).collect()
    }

    /// Servers whose status changes from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<ServerName> {
        self.shared.told.subscribe()
    }

    /// The tools of a running server, in its order.
    ///
    /// # Errors
    /// See [`RuntimeError`]; [`RuntimeError::NotRunning`] when it does not run.
    pub async fn tools(&self, server: &ServerName) -> Result<Vec<Tool>, RuntimeError> {
        self.session(server)?.tools().await
    }

    /// Calls a tool of a running server. That the tool itself failed is a result (`isError`), not an error.
    ///
    /// Dropped, it tells the server that the call is cancelled.
    ///
    /// # Errors
    /// See [`RuntimeError`]; [`RuntimeError::NotRunning`] when it does not run.
    pub async fn call(
        &self,
        server: &ServerName,
        tool: &str,
        arguments: JsonObject,
    ) -> Result<CallToolResult, RuntimeError> {
        self.session(server)?.call(tool, arguments).await
    }

    /// Whether a tool of a running server says of itself that it may be called twice: it only reads, or the second call changes nothing
    /// more.
    #[must_use]
    pub fn may_repeat(&self, server: &ServerName, tool: &str) -> bool {
        self.session(server).is_ok_and(|session| session.may_repeat(tool))
    }

    /// The last lines of a server's log, oldest first; none when there is no log. At most 10,000.
    ///
    /// # Errors
    /// [`RuntimeError::Log`] when it can't be read.
    pub async fn logs(&self, server: &ServerName, lines: usize) -> Result<Vec<String>, RuntimeError> {
        let path = self.shared.log_path(server);
        let read = spawn_blocking({
            let path = path.clone();
            move || log::last_lines(&path, lines.min(MOST_LOG_LINES))
        });
        flattened(read.await).map_err(|error| RuntimeError::Log { path, reason: error.to_string() })
    }

    /// The lines that a server's log has gained since a cursor, and the cursor after them. [`Cursor::default`] is before all of them.
    ///
    /// # Errors
    /// [`RuntimeError::Log`] when it can't be read.
    pub async fn logs_after(
        &self,
        server: &ServerName,
        cursor: Cursor,
    ) -> Result<(Vec<String>, Cursor), RuntimeError> {
        let path = self.shared.log_path(server);
        let read = spawn_blocking({
            let path = path.clone();
            move || log::after(&path, cursor)
        });
        flattened(read.await).map_err(|error| RuntimeError::Log { path, reason: error.to_string() })
    }

    /// Stops every server at once and lets the watchdog go. Nothing can be started any more. Takes little more than
    /// [`Limits::longest_stop`].
    pub async fn shutdown_all(&self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        let names: Vec<_> = self.lock().keys().cloned().collect();
        let mut stops = JoinSet::new();
        for name in names {
            let servers = self.clone();
            stops.spawn(async move {
                if let Err(error) = servers.stop(&name).await {
                    tracing::warn!(server = %name, %error, "a server was left behind");
                }
            });
        }
        let all = async { while stops.join_next().await.is_some() {} };
        if timeout(self.shared.config.limits.longest_stop() + SPARE, all).await.is_err() {
            tracing::warn!("not every server ended in time; what is left is killed");
        }
        // With its keeper gone, a process that is still there is killed.
        self.lock().clear();
        if let Some(containers) = &self.shared.config.containers {
            containers.close().await;
        }
        self.shared.watchdog.close().await;
    }

    /// Who uses the servers, and whose calls are under way.
    pub(crate) fn switchboard(&self) -> &Switchboard {
        &self.shared.switchboard
    }

    /// The session of a running server. Who has it keeps it: a server that is replaced meanwhile finishes what it was asked.
    ///
    /// # Errors
    /// [`RuntimeError::NotRunning`].
    pub(crate) fn session(&self, server: &ServerName) -> Result<Session, RuntimeError> {
        let session = self.find(server).and_then(|kept| kept.seen.borrow().session.clone());
        session.ok_or_else(|| RuntimeError::NotRunning { server: server.clone() })
    }

    fn find(&self, server: &ServerName) -> Option<Kept> {
        self.lock().get(server).cloned()
    }

    /// The server's keeper, made when there is none.
    fn keep(&self, server: &ServerName) -> Result<Kept, RuntimeError> {
        let mut kept = self.lock();
        if self.shared.is_closing() {
            return Err(RuntimeError::ShuttingDown);
        }
        if let Some(found) = kept.get(server) {
            return Ok(found.clone());
        }
        let limit = self.shared.config.limits.servers;
        if kept.len() >= limit {
            return Err(RuntimeError::TooManyServers(limit));
        }
        let (orders, inbox) = mpsc::channel(ORDERS);
        let (show, seen) = tokio::sync::watch::channel(Seen::default());
        tokio::spawn(Keeper::new(server.clone(), Arc::clone(&self.shared), inbox, show).run());
        tokio::spawn(tell(server.clone(), seen.clone(), self.shared.told.clone()));
        let new = Kept { orders, seen };
        kept.insert(server.clone(), new.clone());
        Ok(new)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ServerName, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Servers").field("statuses", &self.statuses()).finish_non_exhaustive()
    }
}

impl Shared {
    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    fn containers(&self) -> Result<&Containers, RuntimeError> {
        self.config.containers.as_ref().ok_or_else(|| RuntimeError::NoEngine { looked: Vec::new() })
    }

    fn log_path(&self, server: &ServerName) -> PathBuf {
        self.config.log_folder.join(format!("{server}.log"))
    }
}

/// Tells of each change of a server, as long as it is kept.
async fn tell(
    server: ServerName,
    mut seen: tokio::sync::watch::Receiver<Seen>,
    told: broadcast::Sender<ServerName>,
) {
    while seen.changed().await.is_ok() {
        // That nobody listens is fine.
        _ = told.send(server.clone());
    }
}

fn flattened<T>(outcome: Result<io::Result<T>, tokio::task::JoinError>) -> io::Result<T> {
    outcome.unwrap_or_else(|error| Err(io::Error::other(error)))
}
