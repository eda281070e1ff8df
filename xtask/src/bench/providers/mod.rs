//! What many provider files cost: the time to load them, and the proxy's work for a request with many of them and with one.

mod files;
mod requests;

use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{built, spread::Spread};
use crate::{machine, step::print};

/// The target for the loading of [`MANY`] files, in milliseconds.
const LOADED_MILLIS: f64 = 50.0;

/// How many provider files are many.
const MANY: usize = 1_000;

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the loading
    #[arg(long)]
    loading: bool,
    /// How often the files are loaded
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=200))]
    loads: u16,
    /// How often the proxy is measured with many files and with one
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=20))]
    rounds: u16,
    /// How long each measurement of the proxy lasts, in seconds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=20))]
    seconds: u64,
    /// Connections, each with one request under way
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=200))]
    connections: u16,
}

/// What `keyferry-load providers` prints.
#[derive(Debug, Deserialize)]
struct Loads {
    files: usize,
    bytes: usize,
    millis: Vec<f64>,
}

/// Measures and prints.
pub(super) fn run(args: &Args) -> Result<(), String> {
    loading(args)?;
    if args.loading { Ok(()) } else { requests::run(args) }
}

fn loading(args: &Args) -> Result<(), String> {
    let program = built(&["keyferry-load"])?.join("keyferry-load");
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    files::write(folder.path(), MANY)?;
    let mut command = Command::new(program);
    command.arg("providers").arg(folder.path()).args(["--loads", &args.loads.to_string()]);
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("the files were not loaded; see above".to_owned());
    }
    let loads: Loads = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    print(&format!(
        "\n{}; {} loads of {} provider files, {} KiB together\n",
        machine::description(),
        loads.millis.len(),
        loads.files,
        loads.bytes / 1024
    ));
    print("| loading | min | median | max | target |");
    print("| --- | ---: | ---: | ---: | ---: |");
    if let Some(spread) = Spread::of(loads.millis) {
        let verdict = if spread.median <= LOADED_MILLIS { "met" } else { "missed" };
        print(&format!("| {MANY} files, ms | {spread:.1} | ≤ {LOADED_MILLIS}: {verdict} |"));
    }
    Ok(())
}
