//! One start of one server, from its launch to its tools, and what went wrong.

use std::{io, sync::Arc, time::Duration};

use keyferry_core::id::ServerName;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Shared, remote, watch::Delivered};
use crate::runtime::{
    Launch, Limits, Place, RuntimeError, Start,
    container::Container,
    files,
    instance::{Exit, Input, Instance, Spawned, Stdout},
    log::{Log, Mask, Pump, escaped},
    mcp::{Ended, Heard, OpenError, Opening, Output, Session, Switchboard},
    process::{Process, watchdog::Watched},
};

/// How long the rest of what a server said is waited for once it has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long a server that closed its output is given to end by itself, so that its exit code can be told.
const TO_EXIT: Duration = Duration::from_secs(1);

/// A server that answers.
pub(super) struct Running {
    pub(super) session: Session,
    pub(super) tool_count: Option<usize>,
    /// Where its files lie; none of one elsewhere.
    pub(super) delivered: Option<Delivered>,
    ended: Ended,
    body: Body,
}

/// What is there of a server beside its session.
enum Body {
    Instance(Kept),
    Elsewhere(Log),
}

/// A server's instance and all that is around it. Dropped, it is killed with what it started, then no longer watched.
struct Kept {
    instance: Instance,
    pump: Pump,
    _watched: Option<Watched>,
    delivered: Delivered,
    about: About,
}

/// What is needed to say what went wrong.
struct About {
    server: ServerName,
    heard: Heard,
    log: Log,
    mask: Arc<Mask>,
}

/// A session, its end, and how many tools there are.
type Opened = (Session, Ended, Option<usize>);

/// How a server, or its start, came to its end.
pub(super) enum End {
    Exited(io::Result<Exit>),
    Closed,
    TimedOut,
    Hopeless,
    Because(RuntimeError),
}

/// Starts a server and opens its session. When that fails, or is cancelled, nothing of it is left.
pub(super) async fn start(
    shared: Arc<Shared>,
    launch: Start,
    cancel: CancellationToken,
) -> Result<Running, RuntimeError> {
    let launch = match launch {
        Start::Process(launch) => launch,
        Start::Remote(launch) => {
            let (session, ended, log, tool_count) = remote::open(&shared, launch, &cancel).await?;
            return Ok(Running { session, tool_count, delivered: None, ended, body: Body::Elsewhere(log) });
        }
    };
    let limits = &shared.config.limits;
    let (mut kept, input, output) = spawn(&shared, &launch).await?;
    match opened(&mut kept, &shared, input, output, &cancel).await {
        Ok((session, ended, tool_count)) => {
            let delivered = Some(kept.delivered.clone());
            Ok(Running { session, tool_count, delivered, ended, body: Body::Instance(kept) })
        }
        Err(end) => {
            let (about, end) = kept.finish(end, limits).await;
            Err(about.failed_start(end, limits))
        }
    }
}

/// The session, unless something ends the start before.
async fn opened(
    kept: &mut Kept,
    shared: &Shared,
    input: Input,
    output: Output<Stdout>,
    cancel: &CancellationToken,
) -> Result<Opened, End> {
    let limits = &shared.config.limits;
    let Kept { instance, about, .. } = kept;
    let opening = timeout(limits.initialize, open(about, limits, &shared.switchboard, input, output));
    tokio::pin!(opening);
    tokio::select! {
        // An answer that is there already counts before an end that came after it.
        biased;
        opened = &mut opening => opened.unwrap_or(Err(End::TimedOut)),
        status = instance.exited() => {
            // What it printed last says what it is; nothing it answers makes it run.
            _ = timeout(LAST_WORDS, &mut opening).await;
            Err(End::Exited(status))
        }
        () = about.heard.hopeless() => Err(End::Hopeless),
        () = cancel.cancelled() => {
            Err(End::Because(RuntimeError::StoppedMeanwhile { server: about.server.clone() }))
        }
    }
}

async fn spawn(shared: &Shared, launch: &Launch) -> Result<(Kept, Input, Output<Stdout>), RuntimeError> {
    let config = &shared.config;
    let path = shared.log_path(&launch.server);
    let log = Log::open(&path, &config.limits, Arc::clone(&config.now))
        .map_err(|error| RuntimeError::Log { path, reason: error.to_string() })?;
    let spawned = match &launch.place {
        Place::Process => process(shared, launch).await,
        Place::Container(inside) => {
            let containers = shared.containers()?;
            Container::spawn(containers, launch, inside, &config.this_program).await
        }
    };
    let Spawned { instance, what, stdin, stdout, stderr } =
        spawned.inspect_err(|error| log.note(&format!("did not start: {error}")))?;
    // Next of all: until the watchdog knows the group, a killed app would leave it.
    let watched = match &instance {
        Instance::Process(process) => Some(shared.watchdog.watch(process.id()).await),
        Instance::Container(_) => None,
    };
    let pid = instance.pid().map(|pid| format!(", process {pid}")).unwrap_or_default();
    log.note(&format!("started {}{pid}", escaped(&what)));
    let owner = match instance {
        Instance::Process(_) => None,
        Instance::Container(_) => shared.containers()?.owner().await?,
    };
    let delivered = Delivered { home: launch.home.clone(), owner };
    let mask = Arc::new(Mask::of(launch));
    let pump = Pump::start(stderr, Arc::clone(&mask), log.clone());
    let (output, heard) = Output::new(stdout, config.limits.message);
    let about = About { server: launch.server.clone(), heard, log, mask };
    Ok((Kept { instance, pump, _watched: watched, delivered, about }, stdin, output))
}

/// A child of this program's, with its credential files where its `HOME` is.
async fn process(shared: &Shared, launch: &Launch) -> Result<Spawned, RuntimeError> {
    shared.watchdog.ready().await;
    if !launch.files.is_empty() {
        files::write(&launch.home, &launch.files, None)?;
    }
    Process::spawn(launch, &shared.config.parent_environment, &shared.config.this_program)
}

/// `initialize`, then `tools/list` where tools are offered.
async fn open(
    about: &About,
    limits: &Limits,
    switchboard: &Switchboard,
    input: Input,
    output: Output<Stdout>,
) -> Result<Opened, End> {
    let opening = Opening {
        server: about.server.clone(),
        mask: Arc::clone(&about.mask),
        switchboard: switchboard.clone(),
        limits,
    };
    let opened = Session::open(output, input, opening).await;
    let (session, ended) = opened.map_err(|error| match error {
        OpenError::Closed => End::Closed,
        OpenError::Refused(error) => End::Because(error),
        OpenError::NotMcp | OpenError::Unauthorized => {
            End::Because(about.not_mcp("an answer to `initialize` that is none".to_owned()))
        }
    })?;
    let tool_count = if session.offers_tools() {
        let tools = session.tools().await.map_err(|error| match error {
            RuntimeError::StoppedDuringCall { .. } => End::Closed,
            error => End::Because(error),
        })?;
        session.note(&tools);
        Some(tools.len())
    } else {
        None
    };
    Ok((session, ended, tool_count))
}

impl Running {
    /// The instance, where it is one of this machine.
    pub(super) fn instance(&self) -> Option<&Instance> {
        match &self.body {
            Body::Instance(kept) => Some(&kept.instance),
            Body::Elsewhere(_) => None,
        }
    }

    /// Waits until the server has ended or closed its output.
    pub(super) async fn ended(&mut self) -> End {
        let Body::Instance(kept) = &mut self.body else {
            self.ended.wait().await;
            return End::Closed;
        };
        tokio::select! {
            status = kept.instance.exited() => End::Exited(status),
            () = self.ended.wait() => End::Closed,
        }
    }

    /// Ends the server: closes its standard input, then as [`Instance::stop`]. Of one elsewhere, the session.
    pub(super) async fn stop(self, limits: &Limits) -> Result<(), RuntimeError> {
        self.ended.close();
        let kept = match self.body {
            Body::Instance(kept) => kept,
            Body::Elsewhere(log) => {
                log.note("the session was closed");
                return Ok(());
            }
        };
        let (about, log) = (kept.about.server.clone(), kept.about.log.clone());
        let (instance, pump) = (kept.instance, kept.pump);
        let ended = instance.stop(limits).await;
        pump.finish(LAST_WORDS).await;
        match ended {
            Some(status) => log.note(&format!("stopped ({status})")),
            None => return Err(RuntimeError::Unkillable { server: about }),
        }
        Ok(())
    }

    /// What a server that ended by itself died of. Nothing of it is left afterwards.
    pub(super) async fn explain(self, end: End, limits: &Limits) -> RuntimeError {
        self.ended.close();
        match self.body {
            Body::Instance(kept) => {
                let (about, end) = kept.finish(end, limits).await;
                about.failed_run(end, limits)
            }
            Body::Elsewhere(log) => {
                let reason = "the session has ended".to_owned();
                let error = RuntimeError::Unreachable { server: self.session.server().clone(), reason };
                log.note(&error.to_string());
                error
            }
        }
    }
}

impl Kept {
    /// Ends what is left, and waits for its last words. A server that closed its output may be about to exit: then that is its end.
    async fn finish(mut self, mut end: End, limits: &Limits) -> (About, End) {
        if matches!(end, End::Closed)
            && !self.about.heard.too_large()
            && let Ok(status) = timeout(TO_EXIT, self.instance.exited()).await
        {
            end = End::Exited(status);
        }
        let Self { instance, pump, about, .. } = self;
        instance.stop(limits).await;
        pump.finish(LAST_WORDS).await;
        (about, end)
    }
}

impl About {
    fn failed_start(&self, end: End, limits: &Limits) -> RuntimeError {
        let server = self.server.clone();
        let error = match end {
            End::Because(error) => error,
            _ if self.heard.too_large() => RuntimeError::MessageTooLarge { server, limit: limits.message },
            End::Exited(Ok(status)) if status.success() && self.heard.garbage().is_some() => self.garbage(),
            End::Exited(status) => {
                RuntimeError::DiedAtStart { server, ended: ended(status), last_lines: self.last_lines() }
            }
            End::Hopeless => self.garbage(),
            End::TimedOut | End::Closed if self.heard.garbage().is_some() => self.garbage(),
            End::TimedOut => {
                RuntimeError::NeverAnswered { server, limit: limits.initialize, last_lines: self.log.said() }
            }
            End::Closed => RuntimeError::ClosedOutput { server, last_lines: self.log.said() },
        };
        self.log.note(&format!("did not start: {error}"));
        error
    }

    fn failed_run(&self, end: End, limits: &Limits) -> RuntimeError {
        let (server, last_lines) = (self.server.clone(), self.log.said());
        let error = match end {
            End::Because(error) => error,
            _ if self.heard.too_large() => RuntimeError::MessageTooLarge { server, limit: limits.message },
            End::Exited(status) => RuntimeError::Ended { server, ended: ended(status), last_lines },
            _ => RuntimeError::ClosedOutput { server, last_lines },
        };
        self.log.note(&error.to_string());
        error
    }

    /// What it said last; a server that has nothing on its standard error may have said it on its output.
    fn last_lines(&self) -> Vec<String> {
        let said = self.log.said();
        if said.is_empty() { self.sample().into_iter().collect() } else { said }
    }

    fn garbage(&self) -> RuntimeError {
        self.not_mcp(self.sample().unwrap_or_default())
    }

    fn not_mcp(&self, sample: String) -> RuntimeError {
        RuntimeError::NotMcp { server: self.server.clone(), sample }
    }

    fn sample(&self) -> Option<String> {
        let garbage = self.heard.garbage()?;
        Some(escaped(&self.mask.apply(&garbage.text, garbage.cut)))
    }
}

fn ended(status: io::Result<Exit>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}
