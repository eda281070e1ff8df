//! The log: on standard error, for people on a terminal and as JSON otherwise.

mod redact;
mod request_lines;

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

use crate::{cli::Cli, commands::MESSAGES_LOG_TARGETS};
use redact::RedactedStderr;
use request_lines::RequestLines;

/// The library that logs whole frames of HTTP/2: what the other side says at the end of a connection may repeat what it was sent.
const FRAMES_LOG_TARGETS: [&str; 1] = ["h2"];

/// The variable that says how much is logged, such as `debug` or `keyferry_proxy=trace`.
const VARIABLE: &str = "KEYFERRY_LOG";

/// Starts the log. The two tiers tell what they do; other commands only what is wrong.
pub(crate) fn start(cli: &Cli) {
    let level = match (cli.global.verbose, cli.command.is_service()) {
        // Where a vault's key goes, and that a keychain is waited for, is for everyone to know.
        (0, false) => "error,keyferry_app::vault=warn",
        // The library that migrates the vault tells each time where its own source lay.
        (0, true) => "info,rusqlite_migration=warn",
        (1, _) => "keyferry=debug,keyferry_app=debug,keyferry_proxy=debug,info",
        _ => "trace",
    };
    let filter = std::env::var(VARIABLE).ok().and_then(|text| text.parse::<EnvFilter>().ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(level));
    // These libraries log whole messages: whatever a tool was given or said, and the variables of a server in a container.
    let silent = MESSAGES_LOG_TARGETS
        .iter()
        .chain(&FRAMES_LOG_TARGETS)
        .filter_map(|target| format!("{target}=off").parse().ok());
    let filter = silent.fold(filter, EnvFilter::add_directive);
    let terminal = std::io::stderr().is_terminal();
    let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let log = fmt().with_env_filter(filter).with_writer(RedactedStderr).with_ansi(colours);
    // A second start, as in a test, changes nothing.
    let _ = if terminal {
        log.with_target(false).compact().try_init()
    } else {
        log.json().flatten_event(true).map_event_format(RequestLines).try_init()
    };
}
