//! What an app of this process is made of.

use std::path::PathBuf;

use keyferry_app::{
    Parts,
    clock::Clock,
    connections::Opener,
    entropy::Entropy,
    runtime::WatchdogCommand,
    settings::{Flags, Key, Settings},
};

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    passphrase,
};

/// The settings: flags, environment, `keyferry.toml`.
pub(crate) fn settings(global: &Global, listen: Option<&str>) -> CliResult<Settings> {
    let flags = Flags::none()
        .with_data_folder(global.home.clone())
        .with(Key::ProxyUrl, "--proxy-url", global.proxy_url.as_deref())
        .with(Key::Listen, "--listen", listen);
    Ok(Settings::from_environment(&flags)?)
}

/// The parts of an app. `alone` is one that a command boots for itself.
pub(crate) fn parts(alone: bool) -> CliResult<Parts> {
    let this_program = this_program()?;
    Ok(Parts {
        clock: Clock::system(),
        entropy: Entropy::system(),
        opener: Opener::system(),
        passphrases: passphrase::of_the_vault(),
        environment: std::env::vars_os().collect(),
        watchdog: Some(WatchdogCommand { program: this_program.clone(), args: vec!["watchdog".into()] }),
        this_program,
        alone,
    })
}

fn this_program() -> CliResult<PathBuf> {
    std::env::current_exe().map_err(|error| {
        CliError::failed("program", format!("this program's own file can't be found: {error}"))
    })
}
