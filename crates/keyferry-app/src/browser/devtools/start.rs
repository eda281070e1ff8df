//! The browser's process: its command line, its pipes, and its end with everything that it has started.

use std::{
    ffi::OsString,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::time::{Instant, sleep, timeout};

use super::wire::Ends;
use crate::{
    browser::session::{BrowserError, End, Window},
    runtime::process::{
        group,
        watchdog::{Watchdog, Watched},
    },
};

/// How long the group has after it was asked to end, and after it was killed.
const GRACE: Duration = Duration::from_secs(2);

/// How often a group is looked at while it is expected to empty. There is no event for that.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Before the names of the app's own settings, which hold a proxy's access key.
const OWN_VARIABLES: &str = "KEYFERRY_";

/// The command line, but for what depends on the window.
const ARGUMENTS: [&str; 14] = [
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    // A page that a browser opens by itself, such as a pinned one or that of a company's policy, is asked for before the rules stand.
    "--no-startup-window",
    // The profile is for one page. What could read along or load something of its own stays out.
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-breakpad",
    "--no-pings",
    // Also in the preferences: what is fetched ahead of a navigation goes around the rules.
    "--disable-features=Prerender2,SpeculationRulesPrefetchFuture,NavigationPredictor,PreloadTopChromeWebUI",
];

/// A browser, the leader of its process group. Dropped, it takes the group with it.
pub(super) struct Process {
    child: Box<dyn ChildWrapper>,
    group: u32,
    ended: Option<ExitStatus>,
    /// Set once the group is known to be empty: its number may be another's then.
    gone: bool,
    _watched: Watched,
}

impl Process {
    /// Starts it without a window.
    pub(super) async fn start(
        program: &Path,
        window: &Window,
        environment: &[(OsString, OsString)],
        watchdog: &Watchdog,
    ) -> Result<(Self, Ends), BrowserError> {
        watchdog.ready().await;
        let not_started = |error: std::io::Error| BrowserError::NotStarted {
            program: program.to_owned(),
            reason: error.to_string(),
        };
        let mut command = command(program, window, environment);
        let ends = pipes(&mut command)?;
        let mut child = command.spawn().map_err(not_started)?;
        // The command holds the browser's ends of the pipes; while it does, the end of the browser is not the end of the pipes.
        drop(command);
        let Some(group) = child.id() else {
            _ = child.start_kill();
            return Err(BrowserError::Gone);
        };
        let watched = watchdog.watch(group).await;
        let process = Self { child, group, ended: None, gone: false, _watched: watched };
        Ok((process, ends))
    }

    /// Waits until the browser has ended. May be dropped and asked again.
    pub(super) async fn ended(&mut self) -> String {
        if self.ended.is_none() {
            // The wrapper's own wait would wait for the whole group.
            match self.child.inner_mut().wait().await {
                Ok(status) => self.ended = Some(status),
                Err(error) => return error.to_string(),
            }
        }
        self.ended.map(|status| status.to_string()).unwrap_or_default()
    }

    /// How it ended.
    pub(super) fn end(&self) -> End {
        match self.ended {
            Some(status) if !status.success() => End::Crashed,
            _ => End::Closed,
        }
    }

    /// Ends what is left of it. Bounded; says how the browser ended.
    pub(super) async fn stop(mut self) -> String {
        group::terminate(self.group);
        self.emptied().await;
        if group::lives(self.group) {
            _ = self.child.start_kill();
            self.emptied().await;
        }
        let status = timeout(GRACE, self.ended()).await.unwrap_or_else(|_| "it does not end".to_owned());
        self.gone = !group::exists(self.group);
        // What has ended and nobody waits for, as under many a container's first process, keeps the group's number and does nothing.
        if group::lives(self.group) {
            tracing::error!(group = self.group, "a browser does not end");
        }
        status
    }

    async fn emptied(&mut self) {
        let until = Instant::now() + GRACE;
        while group::lives(self.group) && Instant::now() < until {
            // Waited for, so that its leader does not count any more once it has ended.
            _ = timeout(LOOK_EVERY, self.ended()).await;
            sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.gone {
            _ = self.child.start_kill();
        }
    }
}

fn command(program: &Path, window: &Window, environment: &[(OsString, OsString)]) -> CommandWrap {
    let own = |name: &OsString| name.to_string_lossy().to_ascii_uppercase().starts_with(OWN_VARIABLES);
    let mut profile = OsString::from("--user-data-dir=");
    profile.push(&window.profile);
    let mut command = CommandWrap::with_new(program, |command| {
        command
            .args(ARGUMENTS)
            .arg(profile)
            .env_clear()
            .envs(environment.iter().filter(|(name, _)| !own(name)).map(|(name, value)| (name, value)))
            .current_dir(&window.profile)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if window.passing {
            // What is thrown away in a minute needs no key of the keychain, and nobody is asked to unlock it.
            command.args(["--password-store=basic", "--use-mock-keychain"]);
        }
        if is_root() {
            tracing::warn!("as root the browser runs without its sandbox: sign in as a person of your own");
            command.arg("--no-sandbox");
        }
    });
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::tokio::JobObject);
    command.wrap(KillOnDrop);
    command
}

/// Chromium refuses to run as root with its sandbox. Nobody else ever goes without.
#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Two pipes, which the browser has as its descriptors 3 and 4.
#[cfg(unix)]
fn pipes(command: &mut CommandWrap) -> Result<Ends, BrowserError> {
    use command_fds::{CommandFdExt as _, FdMapping};
    use tokio::net::unix::pipe::{Receiver, Sender};

    let broken = |error: std::io::Error| {
        tracing::error!(%error, "no pipe for a browser");
        BrowserError::Gone
    };
    let (its_orders, our_orders) = std::io::pipe().map_err(broken)?;
    let (our_answers, its_answers) = std::io::pipe().map_err(broken)?;
    let mappings = vec![
        FdMapping { parent_fd: its_orders.into(), child_fd: 3 },
        FdMapping { parent_fd: its_answers.into(), child_fd: 4 },
    ];
    command.command_mut().fd_mappings(mappings).map_err(|_| BrowserError::Gone)?;
    Ok(Ends {
        to: Box::new(Sender::from_owned_fd(our_orders.into()).map_err(broken)?),
        from: Box::new(Receiver::from_owned_fd(our_answers.into()).map_err(broken)?),
    })
}

/// On Windows the browser wants handles by their numbers, which takes another way of starting it.
#[cfg(not(unix))]
fn pipes(_command: &mut CommandWrap) -> Result<Ends, BrowserError> {
    Err(BrowserError::Unsupported)
}
