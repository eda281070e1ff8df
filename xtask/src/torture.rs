//! `cargo xtask torture`: many processes over one vault, killed at every step, against a provider that forgives nothing.

use std::process::Command;

use crate::step;

/// How long to torture.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Refreshes in each scenario
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    refreshes: u32,
}

/// Builds the processes with points at which they end, which no shipped program has, and tortures them.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let mut command = Command::new("cargo");
    command.args(["run", "--locked", "-p", "keyferry-app", "--example", "keyferry-torture"]);
    command.args(["--features", "failpoints", "--", &args.refreshes.to_string()]);
    step::run(&mut command, None)
}
