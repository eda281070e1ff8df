//! One child process, from its start to the end of everything it started.

use std::{
    ffi::OsString,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::either::Either;

use super::{environment, group, program};
use crate::runtime::{
    Launch, Limits, RuntimeError,
    instance::{Instance, Spawned},
};

/// How often a group is looked at while it is expected to empty. There is no event for that.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A child, the leader of its process group. Dropped, it takes the group with it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Box<dyn ChildWrapper>,
    group: u32,
    /// Whether the group is known to be empty: its number may then be another's, and must not be signalled.
    gone: bool,
}

impl Process {
    /// Starts the launch in an environment of its own.
    pub(crate) fn spawn(
        launch: &Launch,
        parent: &[(OsString, OsString)],
        this_program: &Path,
    ) -> Result<Spawned, RuntimeError> {
        environment::check(launch)?;
        if !launch.working_directory.is_dir() {
            return Err(RuntimeError::Folder(launch.working_directory.clone()));
        }
        let path = environment::path(parent);
        let program = program::resolve(&launch.program, &launch.working_directory, this_program, path)?;
        let mut command = command(launch, parent, &program);
        let refused = |error: &io::Error| RuntimeError::Spawn {
            path: program.clone(),
            reason: error.to_string(),
            hint: hint(error),
        };
        let mut child = command.spawn().map_err(|error| refused(&error))?;
        let streams = (child.stdin().take(), child.stdout().take(), child.stderr().take());
        let (Some(group), (Some(stdin), Some(stdout), Some(stderr))) = (child.id(), streams) else {
            return Err(refused(&io::Error::other("it has no standard streams")));
        };
        Ok(Spawned {
            instance: Instance::Process(Self { child, group, gone: false }),
            what: program.display().to_string(),
            stdin: Either::Left(stdin),
            stdout: Either::Left(stdout),
            stderr: Either::Left(stderr),
        })
    }

    /// The id of the process, and of its group.
    pub(crate) fn id(&self) -> u32 {
        self.group
    }

    /// Waits for the leader to end. What it started may still run: see [`Process::stop`].
    pub(crate) async fn exited(&mut self) -> io::Result<ExitStatus> {
        // The wrapper's own wait would wait for the whole group, without a limit.
        self.child.inner_mut().wait().await
    }

    /// Ends the child and everything in its group: waits for it to act on the closed standard input, then asks, then kills. The
    /// caller has closed standard input, or lets go of it now. Takes at most [`Limits::longest_stop`].
    ///
    /// Answers how the leader ended; nothing when even `SIGKILL` was not enough in time.
    pub(crate) async fn stop(mut self, limits: &Limits) -> Option<ExitStatus> {
        let mut ended = self.ended_within(limits.after_eof).await;
        if ended.is_none() {
            group::terminate(self.group);
            ended = self.ended_within(limits.after_terminate).await;
        }
        if ended.is_none() {
            self.kill();
            ended = self.ended_within(limits.after_kill).await;
        }
        ended.as_ref()?;
        self.sweep(limits).await;
        ended
    }

    async fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        timeout(limit, self.exited()).await.ok().and_then(Result::ok)
    }

    /// Ends what the leader left behind in its group.
    async fn sweep(&mut self, limits: &Limits) {
        if group::exists(self.group) {
            group::terminate(self.group);
            self.emptied_within(limits.after_terminate).await;
        }
        if group::exists(self.group) {
            self.kill();
            self.emptied_within(limits.after_kill).await;
        }
        self.gone = !group::exists(self.group);
    }

    async fn emptied_within(&self, limit: Duration) {
        let until = Instant::now() + limit;
        while group::lives(self.group) && Instant::now() < until {
            sleep(LOOK_EVERY).await;
        }
    }

    fn kill(&mut self) {
        // On Unix this signals the group, on Windows it ends the job. A failure means that nothing is left to end.
        _ = self.child.start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.gone {
            self.kill();
        }
    }
}

fn command(launch: &Launch, parent: &[(OsString, OsString)], program: &Path) -> CommandWrap {
    let mut command = CommandWrap::with_new(program, |command| {
        command
            .args(&launch.args)
            .env_clear()
            .envs(environment::inherited(parent))
            .envs(launch.variables().into_iter().map(|(name, value)| (name, value.expose_secret())))
            .current_dir(&launch.working_directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    });
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::tokio::JobObject);
    command.wrap(KillOnDrop);
    command
}

/// What to do about a file that is there, may be executed, and was refused all the same.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "install the interpreter that its first line names, or the loader it was built for"
        }
        io::ErrorKind::ArgumentListTooLong => "shorten the server's settings",
        io::ErrorKind::PermissionDenied => "check its permissions, and that its disk allows programs",
        io::ErrorKind::ExecutableFileBusy => "wait until its installation is done, and try again",
        _ => "check that it is a program for this machine; if it is, close what is not needed and try again",
    }
}
