//! No server outlives the app, not even one whose app was killed.
//!
//! The operating system can't be asked for that without unsafe code, so one small process does it: the watchdog. Its standard input
//! is a pipe from the app, over which the app names the process groups it has started. When the pipe ends, for whatever reason the
//! app ended, the watchdog ends every group that is still named. It is in a process group of its own, so that Ctrl-C in the
//! app's terminal does not reach it.
//!
//! [`run()`] is the body of the watchdog; `Watchdog` is the app's end. On Windows the Job Object of each child does this work.

mod keeper;
mod line;
mod run;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};

pub use run::run;

/// How long a server's start waits for its group to be named to the watchdog.
const NAMED_WITHIN: Duration = Duration::from_secs(1);
/// How long the watchdog may take to end after its work is done.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// How this program is called to be the watchdog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchdogCommand {
    /// This very program.
    pub program: PathBuf,
    /// The hidden subcommand that calls [`run()`].
    pub args: Vec<OsString>,
}

/// The groups to be watched. `version` grows with every change, and begins above what the watchdog was told at first: nothing.
#[derive(Clone, Debug)]
struct Wanted {
    groups: BTreeSet<u32>,
    version: u64,
}

/// The app's end of the watchdog. Started with the first server, started anew should it die.
#[derive(Debug)]
pub(crate) struct Watchdog {
    command: Option<WatchdogCommand>,
    wanted: Arc<watch::Sender<Wanted>>,
    named: watch::Sender<u64>,
    keeper: OnceLock<Keeper>,
}

#[derive(Debug)]
struct Keeper {
    close: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// A group that is watched as long as this lives.
#[derive(Debug)]
pub(crate) struct Watched {
    wanted: Arc<watch::Sender<Wanted>>,
    group: u32,
}

impl Watchdog {
    /// Without a command nothing is watched, and servers end with the app only as long as it ends in order.
    pub(crate) fn new(command: Option<WatchdogCommand>) -> Self {
        Self {
            command: command.filter(|_| cfg!(unix)),
            wanted: Arc::new(watch::Sender::new(Wanted { groups: BTreeSet::new(), version: 1 })),
            named: watch::Sender::new(0),
            keeper: OnceLock::new(),
        }
    }

    /// Comes back when the watchdog runs. To be waited for before a server is started, so that the time in which a server is not
    /// watched is as short as it can be.
    pub(crate) async fn ready(&self) {
        if let Some(command) = &self.command {
            self.keeper.get_or_init(|| self.keep(command.clone()));
            if !self.told(1).await {
                tracing::warn!("the watchdog does not start: should the app be killed, servers stay");
            }
        }
    }

    /// Watches a group from now on; comes back when the watchdog has been told.
    pub(crate) async fn watch(&self, group: u32) -> Watched {
        let mut version = 0;
        self.wanted.send_modify(|wanted| {
            wanted.groups.insert(group);
            wanted.version += 1;
            version = wanted.version;
        });
        let watched = Watched { wanted: Arc::clone(&self.wanted), group };
        if self.command.is_some() && !self.told(version).await {
            tracing::warn!(
                group,
                "the watchdog does not answer: should the app be killed, this server stays"
            );
        }
        watched
    }

    async fn told(&self, version: u64) -> bool {
        let mut named = self.named.subscribe();
        timeout(NAMED_WITHIN, named.wait_for(|&told| told >= version)).await.is_ok()
    }

    fn keep(&self, command: WatchdogCommand) -> Keeper {
        let (close, closing) = watch::channel(false);
        let task = tokio::spawn(keeper::keep(command, self.wanted.subscribe(), self.named.clone(), closing));
        Keeper { close, task: Mutex::new(Some(task)) }
    }

    /// Lets the watchdog go, once the servers are stopped. Bounded.
    pub(crate) async fn close(&self) {
        let Some(keeper) = self.keeper.get() else { return };
        keeper.close.send_replace(true);
        let task = keeper.task.lock().ok().and_then(|mut task| task.take());
        if let Some(task) = task
            && timeout(CLOSED_WITHIN, task).await.is_err()
        {
            tracing::warn!("the watchdog did not end in time");
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.wanted.send_modify(|wanted| {
            wanted.groups.remove(&self.group);
            wanted.version += 1;
        });
    }
}
