//! How small the proxy is, and stays: until it is ready, at rest, with many connections, and after very many requests.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{Load, Stage, table, targets::Target};
use crate::{
    bench::{loopback, spread::Spread, usage::resident_kib},
    step::say,
};

/// How often it is started.
const STARTS: usize = 11;

/// How long it rests before its memory is read.
const REST: Duration = Duration::from_secs(1);

/// Connections that are open at once.
pub(super) const MANY: u16 = 1_000;

/// Requests a second over all of them.
pub(super) const OVER_MANY: u32 = 2_000;

/// Seconds of load in one piece, as long as one run of the load may last.
const PIECE: u64 = 10;

/// What was measured of one program.
pub(super) struct Figures {
    pub(super) ready_millis: Spread,
    pub(super) idle_mib: f64,
    pub(super) many_mib: f64,
    /// After a tenth of all requests, and after all of them.
    pub(super) tenth_mib: f64,
    pub(super) all_mib: f64,
    pub(super) requests: u64,
}

/// Measures the whole program and then the one in the folder `alone`, and prints.
pub(super) fn run(stage: &Stage<'_>, alone: &Path, load: &Load) -> Result<(), String> {
    say("the whole program");
    let whole = measure(stage, "whole", stage.programs, load)?;
    say("the proxy alone");
    table::small(&whole, &measure(stage, "small", alone, load)?);
    Ok(())
}

fn measure(stage: &Stage<'_>, name: &str, programs: &Path, load: &Load) -> Result<Figures, String> {
    say("starting it several times");
    let start = |number: usize| {
        let folder = stage.folder.join(format!("{name}-{number}"));
        std::fs::create_dir(&folder).map_err(|error| error.to_string())?;
        start(programs, load, &folder)
    };
    let mut ready = Vec::new();
    for number in 1..STARTS {
        ready.push(start(number)?.1);
    }
    let (target, millis) = start(0)?;
    ready.push(millis);
    let memory = || resident_kib(target.process()).map(|kib| kib as f64 / 1024.0);
    thread::sleep(REST);
    let idle_mib = memory()?;

    say("a thousand connections");
    load.run_at(Some(OVER_MANY), MANY, target.address, PIECE)?;
    let many_mib = memory()?;

    let (mut requests, mut tenth_mib) = (0, None);
    while requests < stage.args.requests {
        say(&format!("{requests} requests of {}", stage.args.requests));
        requests += load.run(target.address, PIECE)?.requests;
        if requests >= stage.args.requests / 10 && tenth_mib.is_none() {
            tenth_mib = Some(memory()?);
        }
    }
    let all_mib = memory()?;
    let tenth_mib = tenth_mib.unwrap_or(all_mib);
    let ready_millis = Spread::of(ready).ok_or("it was never started")?;
    Ok(Figures { ready_millis, idle_mib, many_mib, tenth_mib, all_mib, requests })
}

/// A proxy, and after how many milliseconds it said that it is ready.
fn start(programs: &Path, load: &Load, folder: &Path) -> Result<(Target, f64), String> {
    let started = Instant::now();
    let target = Target::keyferry(programs, load.upstream(), folder)?;
    loopback::wait_until_ok(target.address, "/ready")?;
    Ok((target, started.elapsed().as_secs_f64() * 1e3))
}
