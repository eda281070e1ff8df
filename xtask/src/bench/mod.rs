//! `cargo xtask bench`: figures to paste into docs/benchmarks.md, taken from the release build on this machine.

mod app;
mod gateway;
mod loopback;
mod process;
mod providers;
mod proxy;
mod spread;
mod usage;
mod vault;

use std::path::PathBuf;

use crate::{
    machine::{build_folder, root},
    step::{self, say},
};

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// The proxy beside nginx, and beside the same service written on Fastify
    Proxy(proxy::Args),
    /// How long many provider files take to load, and what they cost the proxy for each request
    Providers(providers::Args),
    /// How soon the app is ready, and how much memory it takes
    App(app::Args),
    /// What a call of a tool costs through the gateway, and through the bridge
    Gateway(gateway::Args),
    /// What a hundred thousand connections in one vault cost, and a refresh beyond its request
    Vault(vault::Args),
}

/// Builds what is measured, and measures it.
pub(crate) fn run(command: &Command) -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("time and memory are read from /proc: this needs Linux".to_owned());
    }
    match command {
        Command::Proxy(args) => proxy::run(args),
        Command::Providers(args) => providers::run(args),
        Command::App(args) => app::run(args),
        Command::Gateway(args) => gateway::run(args),
        Command::Vault(args) => vault::run(args),
    }
}

/// Builds packages as they are shipped; returns the folder of their programs.
fn built(packages: &[&str]) -> Result<PathBuf, String> {
    for package in packages {
        say(&format!("building the release of {package}"));
        let mut build = std::process::Command::new("cargo");
        // One at a time: built together, one could get features of a dependency that only another asks for.
        step::run(build.args(["build", "--quiet", "--release", "--locked", "--package", package]), None)?;
    }
    let folder = root().join(build_folder()).join("release");
    folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))
}
