//! `cargo xtask bench`: figures to paste into docs/benchmarks.md, taken from the release build on this machine.

mod app;
mod gateway;
mod loopback;
mod pages;
mod process;
mod providers;
mod proxy;
mod spread;
mod usage;
mod vault;

use std::path::{Path, PathBuf};

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
    /// How heavy the catalog's page is with a thousand manifests, and how soon it is seen; needs Chromium
    Pages,
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
        Command::Pages => pages::run(),
        Command::Vault(args) => vault::run(args),
    }
}

/// Builds packages as they are shipped; returns the folder of their programs.
fn built(packages: &[&str]) -> Result<PathBuf, String> {
    // One at a time: built together, one could get features of a dependency that only another asks for.
    packages.iter().try_for_each(|package| build(package, &[]))?;
    programs()
}

/// Builds `keyferry` with the proxy alone, and puts it into `folder`, for the whole program has the same name.
fn build_proxy_alone(folder: &Path) -> Result<(), String> {
    build("keyferry", &["--no-default-features"])?;
    let copied = std::fs::copy(programs()?.join("keyferry"), folder.join("keyferry"));
    copied.map(drop).map_err(|error| format!("{}: {error}", folder.display()))
}

fn build(package: &str, features: &[&str]) -> Result<(), String> {
    say(&format!("building the release of {package} {}", features.join(" ")));
    let mut build = std::process::Command::new("cargo");
    build.args(["build", "--quiet", "--release", "--locked", "--package", package]).args(features);
    step::run(&mut build, None)
}

/// The folder of what is built as it is shipped.
fn programs() -> Result<PathBuf, String> {
    let folder = root().join(build_folder()).join("release");
    folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))
}
