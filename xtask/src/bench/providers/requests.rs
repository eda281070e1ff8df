//! The proxy's work for a request with many provider files beside the one that is asked for, and with that one alone.

use std::path::Path;

use super::{Args, MANY, files};
use crate::{
    bench::{
        built,
        proxy::{Load, Target, WARM_UP},
        spread::Spread,
        usage::Meter,
    },
    machine,
    step::{print, say},
};

/// The target: the work with many, as a multiple of that with one.
const OF_ONE: f64 = 1.05;

/// One proxy and how many provider files it was given, beside the built-in ones.
struct Proxy {
    files: usize,
    target: Target,
    /// CPU time a request, in microseconds, by round.
    cpu_micros: Vec<f64>,
}

/// Starts both, measures them in turn, and prints.
pub(super) fn run(args: &Args) -> Result<(), String> {
    let programs = built(&["keyferry", "keyferry-load"])?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let load = Load::start(&programs, args.connections)?;
    let mut one = start(1, &programs, &load, folder.path())?;
    let mut many = start(MANY, &programs, &load, folder.path())?;
    let meter = Meter::new()?;
    for number in 1..=args.rounds {
        say(&format!("round {number} of {}", args.rounds));
        // Another one begins each round, so that neither always comes after the other.
        let order = if number % 2 == 0 { [&mut many, &mut one] } else { [&mut one, &mut many] };
        for proxy in order {
            proxy.measure(&load, meter, args.seconds)?;
        }
    }
    table(args, &one, &many);
    Ok(())
}

fn start(number: usize, programs: &Path, load: &Load, folder: &Path) -> Result<Proxy, String> {
    let folder = folder.join(number.to_string());
    std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    files::write(&folder, number - 1)?;
    let target = Target::keyferry(programs, load.upstream(), &folder)?;
    Ok(Proxy { files: number, target, cpu_micros: Vec::new() })
}

// === impl Proxy ===

impl Proxy {
    fn measure(&mut self, load: &Load, meter: Meter, seconds: u64) -> Result<(), String> {
        load.run(self.target.address, WARM_UP)?;
        let before = meter.read(self.target.process())?;
        let run = load.run(self.target.address, seconds)?;
        let after = meter.read(self.target.process())?;
        self.cpu_micros.push((after.cpu_seconds - before.cpu_seconds) * 1e6 / run.requests as f64);
        Ok(())
    }
}

fn table(args: &Args, one: &Proxy, many: &Proxy) {
    print(&format!(
        "\n{}; {} connections, {} rounds of {} s each, {WARM_UP} s of warm-up before each\n",
        machine::description(),
        args.connections,
        args.rounds,
        args.seconds
    ));
    print("| CPU µs/request, provider files beside the built-in ones | min | median | max | target |");
    print("| --- | ---: | ---: | ---: | ---: |");
    for proxy in [one, many] {
        if let Some(spread) = Spread::of(proxy.cpu_micros.iter().copied()) {
            print(&format!("| {} | {spread:.1} | |", proxy.files));
        }
    }
    let ratios = many.cpu_micros.iter().zip(&one.cpu_micros).map(|(many, one)| many / one);
    if let Some(spread) = Spread::of(ratios) {
        let verdict = if spread.median <= OF_ONE { "met" } else { "missed" };
        print(&format!("| {} ÷ {}, by round | {spread:.2} | ≤ {OF_ONE}: {verdict} |", many.files, one.files));
    }
}
