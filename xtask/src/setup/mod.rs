//! `cargo xtask setup`: what the tests need beside Rust. Says what it did; quick when all is there.

mod bench;
mod browser;
mod certified;
mod containers;
mod deploy;
mod foreign;
mod keychain;
mod nginx;
mod node;
mod packages;
mod pages;
pub(crate) mod python;
mod redis;
mod schemathesis;
mod system;

use std::process::Command;

use crate::{
    machine::works,
    step::{self, say},
};

/// What to set up.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// What `cargo xtask bench proxy` needs, too: Node.js and the packages of bench/fastify
    #[arg(long)]
    pub(crate) bench: bool,
}

/// Installs what is missing.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    say("set-up");
    for (component, probe) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        ensure(
            component,
            probe,
            "adding it to the toolchain",
            Command::new("rustup").args(["component", "add", component]),
        )?;
    }
    ensure(
        "cargo-deny",
        "deny",
        "building it, which takes a few minutes once",
        Command::new("cargo").args(["install", "cargo-deny", "--locked"]),
    )?;
    system::run();
    keychain::run();
    certified::run();
    foreign::run();
    containers::run();
    redis::run();
    nginx::run();
    browser::run();
    pages::run();
    schemathesis::run();
    deploy::run();
    if args.bench { bench::run() } else { Ok(()) }
}

/// Installs what `cargo xtask fuzz` needs.
pub(crate) fn cargo_fuzz() -> Result<(), String> {
    say("set-up");
    ensure(
        "cargo-fuzz",
        "fuzz",
        "building it, which takes a minute once",
        Command::new("cargo").args(["install", "cargo-fuzz", "--locked"]),
    )?;
    if ["c++", "g++", "clang++"].into_iter().any(|compiler| works(compiler, &["--version"])) {
        say("  a C++ compiler: there");
        return Ok(());
    }
    Err("libFuzzer is written in C++, and this machine has no compiler for it: install g++ or clang"
        .to_owned())
}

/// Installs one tool, unless `cargo PROBE` already works.
fn ensure(tool: &str, probe: &str, doing: &str, install: &mut Command) -> Result<(), String> {
    if works("cargo", &[probe, "--version"]) {
        say(&format!("  {tool}: there"));
        return Ok(());
    }
    say(&format!("  {tool}: {doing}"));
    step::run(install, None).map_err(|error| {
        format!("{error}\n{tool} could not be installed. Is the package registry reached? See above for what it said.")
    })?;
    if works("cargo", &[probe, "--version"]) {
        return Ok(());
    }
    Err(format!(
        "{tool} was installed, and still `cargo {probe}` does not run. Is cargo's bin folder in your PATH?"
    ))
}
