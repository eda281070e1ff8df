//! How soon `keyferry app` is ready, and how much memory it takes when it has nothing to do.

mod servers;

use std::{
    ffi::OsStr,
    fs::File,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{built, loopback, process::Process, spread::Spread, usage::Meter};
use crate::{machine, step::print};

/// How long the app rests before its memory is read: what only its start needed is given back by then.
pub(super) const REST: Duration = Duration::from_secs(1);

/// The targets.
const READY_MILLIS: f64 = 150.0;
const RESIDENT_MIB: f64 = 40.0;

/// How often to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often the app is started
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=100))]
    starts: u32,
    /// How many servers are installed for the last table
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    servers: u32,
}

/// One start.
struct Start {
    ready_millis: f64,
    resident_mib: f64,
}

/// A row of the table: its name, its target, where it stands.
type Row = (&'static str, f64, fn(&Start) -> f64);

/// Measures and prints.
pub(super) fn run(args: &Args) -> Result<(), String> {
    let program = built(&["keyferry"])?.join("keyferry");
    let meter = Meter::new()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let first = start(&program, folder.path(), meter)?;
    let later =
        (1..args.starts).map(|_| start(&program, folder.path(), meter)).collect::<Result<Vec<_>, _>>()?;

    print(&format!(
        "\n{}; {} starts, the first makes the data folder\n",
        machine::description(),
        args.starts
    ));
    print("| keyferry app | first start | min | median | max | target |");
    print("| --- | ---: | ---: | ---: | ---: | ---: |");
    let rows: [Row; 2] = [
        ("ready after, ms", READY_MILLIS, |start| start.ready_millis),
        ("idle RSS, MiB", RESIDENT_MIB, |start| start.resident_mib),
    ];
    for (name, target, figure) in rows {
        if let Some(spread) = Spread::of(later.iter().map(figure)) {
            print(&format!("| {name} | {:.1} | {spread:.1} | ≤ {target} |", figure(&first)));
        }
    }
    servers::run(&program, args.servers)
}

/// Starts the app on a data folder; ends it when its figures are read.
fn start(program: &Path, folder: &Path, meter: Meter) -> Result<Start, String> {
    let (app, ready_millis) = ready(program, folder, &[])?;
    thread::sleep(REST);
    let resident_mib = meter.read(app.id())?.resident_kib as f64 / 1024.0;
    Ok(Start { ready_millis, resident_mib })
}

/// The app on a data folder, and how many milliseconds it took to be ready.
pub(super) fn ready(
    program: &Path,
    folder: &Path,
    variables: &[(&str, &OsStr)],
) -> Result<(Process, f64), String> {
    let log = File::create(folder.join("bench.log")).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["app", "--listen", "127.0.0.1:0", "--json"]).current_dir(folder);
    command.env_clear().env("HOME", folder).env("KEYFERRY_HOME", folder.join("data"));
    command.envs(variables.iter().copied());
    command.stdin(Stdio::null()).stderr(log);
    let started = Instant::now();
    let (app, address) = Process::start_announced("keyferry app", &mut command)?;
    loopback::wait_until_ok(address, "/health")?;
    Ok((app, started.elapsed().as_secs_f64() * 1e3))
}
