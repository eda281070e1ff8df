//! What very many connections in one vault cost: the start, the memory, what is done with one of them; and what a refresh costs beyond
//! its request.

mod folders;
mod lookups;
mod refreshes;
mod starts;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::de::DeserializeOwned;

use super::{built, spread::Spread};
use crate::{
    machine::{self, build_folder, root},
    step::{self, print, say},
};
use folders::Folders;

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Connections in the vault
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    connections: u32,
    /// How often the app is started
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    starts: u32,
    /// How long the app is watched when every connection has expired, in seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// How many refreshes are measured
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    refreshes: u32,
}

/// Fills a vault, measures and prints.
pub(super) fn run(args: &Args) -> Result<(), String> {
    let app = built(&["keyferry"])?.join("keyferry");
    let tool = Tool::build()?;
    let folders = Folders::new(root().join(build_folder()))?;
    let provider = starts::Provider::start(&tool, folders.memory())?;
    say(&format!("filling a vault with {} connections", args.connections));
    let _: serde_json::Value = tool.run(&["fill"], folders.memory(), &[&args.connections.to_string()])?;
    let bytes = folders.copy_to_disk()?;

    print(&format!(
        "\n{}; {} connections, a vault of {} MiB\n",
        machine::description(),
        args.connections,
        bytes / 1024 / 1024
    ));
    starts::run(args, &app, &tool, &folders, &provider)?;
    lookups::run(&tool, folders.memory())?;
    refreshes::run(args, &tool, &folders)
}

/// The program whose parts measure.
pub(super) struct Tool(PathBuf);

impl Tool {
    const NAME: &'static str = "keyferry-vault-bench";

    fn build() -> Result<Self, String> {
        say(&format!("building the release of {}", Self::NAME));
        let mut build = Command::new("cargo");
        build.args(["build", "--quiet", "--release", "--locked", "--package", "keyferry-app"]);
        step::run(build.args(["--features", "bench", "--example", Self::NAME]), None)?;
        Ok(Self(root().join(build_folder()).join("release/examples").join(Self::NAME)))
    }

    /// One of its parts, which prints one line of JSON.
    fn run<T: DeserializeOwned>(&self, before: &[&str], folder: &Path, after: &[&str]) -> Result<T, String> {
        let mut command = self.command();
        command.args(before).arg(folder).args(after).stderr(Stdio::inherit());
        let output = command.output().map_err(|error| format!("{}: {error}", Self::NAME))?;
        if !output.status.success() {
            return Err(format!("{} {before:?} failed; see above", Self::NAME));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{}: {error}", Self::NAME))
    }

    fn command(&self) -> Command {
        Command::new(&self.0)
    }
}

/// The rows of a table of spreads, each with its target where it has one.
fn table(title: &str, digits: usize, rows: &[(&str, &[f64], Option<f64>)]) {
    print(&format!("\n| {title} | min | median | max | target |"));
    print("| --- | ---: | ---: | ---: | ---: |");
    for (name, figures, target) in rows {
        if let Some(spread) = Spread::of(figures.iter().copied()) {
            let verdict = target.map_or(String::new(), |target| {
                let verdict = if spread.median <= target { "met" } else { "missed" };
                format!("≤ {target}: {verdict} ")
            });
            print(&format!("| {name} | {spread:.digits$} | {verdict}|"));
        }
    }
}
