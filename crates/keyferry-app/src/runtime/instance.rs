//! A server that runs, whatever runs it.

use std::{fmt, io, process::ExitStatus};

use tokio::{
    io::DuplexStream,
    process::{ChildStderr, ChildStdin, ChildStdout},
};
use tokio_util::either::Either;

use super::{Limits, RuntimeKind, container::Container, process::Process};

/// A server's standard input: a pipe to a child, or the way into a container.
pub(crate) type Input = Either<ChildStdin, DuplexStream>;
/// A server's standard output.
pub(crate) type Stdout = Either<ChildStdout, DuplexStream>;
/// A server's standard error.
pub(crate) type Stderr = Either<ChildStderr, DuplexStream>;

/// A process or a container. Dropped, it is killed with everything it started.
#[derive(Debug)]
pub(crate) enum Instance {
    Process(Process),
    Container(Container),
}

/// An instance and its streams.
pub(crate) struct Spawned {
    pub(crate) instance: Instance,
    /// What runs, for its log.
    pub(crate) what: String,
    pub(crate) stdin: Input,
    pub(crate) stdout: Stdout,
    pub(crate) stderr: Stderr,
}

/// How an instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Process(ExitStatus),
    Container {
        code: i64,
        /// The kernel ended it, for it wanted more memory than its limit.
        out_of_memory: bool,
    },
}

impl Instance {
    pub(crate) fn kind(&self) -> RuntimeKind {
        match self {
            Self::Process(_) => RuntimeKind::Process,
            Self::Container(_) => RuntimeKind::Container,
        }
    }

    /// Its first process on this machine, where that is known.
    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Process(process) => Some(process.id()),
            Self::Container(container) => container.pid(),
        }
    }

    /// Its container, where it is one.
    pub(crate) fn container(&self) -> Option<&str> {
        match self {
            Self::Process(_) => None,
            Self::Container(container) => Some(container.short_id()),
        }
    }

    /// Waits for its first process to end.
    pub(crate) async fn exited(&mut self) -> io::Result<Exit> {
        match self {
            Self::Process(process) => process.exited().await.map(Exit::Process),
            Self::Container(container) => container.exited().await,
        }
    }

    /// Ends it with everything it started: waits for it to act on its closed standard input, then asks, then kills. Takes at most
    /// [`Limits::longest_stop`]. Answers how it ended; nothing when it can't be ended.
    pub(crate) async fn stop(self, limits: &Limits) -> Option<Exit> {
        match self {
            Self::Process(process) => process.stop(limits).await.map(Exit::Process),
            Self::Container(container) => container.stop(limits).await,
        }
    }
}

impl Exit {
    /// Whether it says that all went well.
    pub(crate) fn success(&self) -> bool {
        match self {
            Self::Process(status) => status.success(),
            Self::Container { code, out_of_memory } => *code == 0 && !out_of_memory,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(status) => status.fmt(out),
            Self::Container { out_of_memory: true, .. } => {
                out.write_str("it needed more memory than its container has")
            }
            Self::Container { code, .. } => write!(out, "exit status: {code}"),
        }
    }
}
