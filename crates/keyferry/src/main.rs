//! The command `keyferry`.
//!
//! Every command but the long-running ones is a client of the local API: of the running app where there is one, else of an app that is
//! booted in this process for the length of the command ([`session`]). What is printed goes through [`output`], what fails through
//! [`error`].
//!
//! Without the feature `app` it is the proxy alone ([`commands`], which is `commands/alone.rs` then).

mod cli;
mod error;
mod logging;
mod output;
mod signals;

#[cfg(feature = "app")]
mod bridge;
#[cfg(feature = "app")]
mod client;
#[cfg(feature = "app")]
mod parts;
#[cfg(feature = "app")]
mod passphrase;
#[cfg(feature = "app")]
mod session;

#[cfg(feature = "app")]
mod commands;
#[cfg(not(feature = "app"))]
#[path = "commands/alone.rs"]
mod commands;

use std::process::ExitCode;

use clap::Parser as _;

use cli::Cli;
use commands::Command;

/// A proxy's request is some dozens of short-lived texts: the allocator is a tenth of its cost. It does not ask for huge pages (its feature
/// `no_thp`): it would have two of them, 4 MiB, before the first line of [`main`].
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    no_core_dumps();
    let pages = HugePages::off();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    #[cfg(feature = "app")]
    if matches!(cli.command, Command::Watchdog) {
        keyferry_app::runtime::process::watchdog::run(std::io::stdin().lock());
        return ExitCode::SUCCESS;
    }
    if !matches!(cli.command, Command::Proxy(_)) {
        pages.give_back();
    }
    logging::start(&cli);
    let json = cli.global.json;
    let runtime = runtime(&cli.command);
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(commands::run(cli));
            // Tasks that wait for a file or a name must not hold the exit up.
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            outcome
        }
        Err(error) => Err(error::CliError::failed("runtime", format!("the program can't start: {error}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(json),
    }
}

/// All of it waits far more than it computes: on one thread a request costs two thirds of what it costs on several, which hand it back
/// and forth, and what does compute or waits for the disk has threads of its own. More of the proxy is had by more replicas; it
/// does without the second thread that keeps a command's own work apart from what it serves.
fn runtime(command: &Command) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = match command {
        Command::Proxy(_) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(1).enable_all().build()
}

/// Whether the system may back memory with huge pages, of 2 MiB on most machines. A proxy is small, and would be a third larger by
/// such pages that are mostly empty. What is begun with them stays so: they are off before anything else is done.
struct HugePages {
    #[cfg(target_os = "linux")]
    were_off: bool,
}

// === impl HugePages ===

#[cfg(target_os = "linux")]
impl HugePages {
    fn off() -> Self {
        let were_off = rustix::thread::transparent_huge_pages_are_disabled().unwrap_or(true);
        if !were_off {
            // Where the system refuses, there is nothing better to do than to go on.
            let _ = rustix::thread::disable_transparent_huge_pages(true);
        }
        Self { were_off }
    }

    /// Servers inherit the choice, so where any are started it must be the system's own.
    fn give_back(self) {
        if !self.were_off {
            let _ = rustix::thread::disable_transparent_huge_pages(false);
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl HugePages {
    fn off() -> Self {
        Self {}
    }

    fn give_back(self) {}
}

/// A core dump would write tokens to the disk as they are. The servers inherit the limit.
#[cfg(unix)]
fn no_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Where the system refuses, there is nothing better to do than to go on.
    let _ = setrlimit(Resource::Core, none);
}

#[cfg(not(unix))]
fn no_core_dumps() {}
