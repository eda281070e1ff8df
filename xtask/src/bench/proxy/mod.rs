//! The proxy beside nginx, which only forwards, and beside the same service as it is usually written on Fastify. All redeem codes
//! at the same upstream, in alternating rounds on this machine.

mod figures;
mod load;
mod small;
mod table;
mod targets;

use std::path::Path;

use figures::Round;
pub(super) use load::Load;
pub(super) use targets::Target;
use targets::{FORWARDERS, KINDS};

use super::{build_proxy_alone, built, usage::Meter};
use crate::{setup, step::say};

/// Seconds of load before each measurement: connections are made, code is compiled, caches are warm.
pub(super) const WARM_UP: u64 = 1;

/// Seconds of load on each target before the first round: a compiler at run time needs them to see what is used most.
const FIRST_WARM_UP: u64 = 4;

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often each target is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=20))]
    rounds: u16,
    /// How long each measurement lasts, in seconds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=20))]
    seconds: u64,
    /// Connections, each with one request under way
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=200))]
    connections: u16,
    /// Requests a second where the same load is put on all
    #[arg(
        long,
        value_delimiter = ',',
        default_values_t = [1_000, 5_000],
        value_parser = clap::value_parser!(u32).range(100..=50_000)
    )]
    rate: Vec<u32>,
    /// Only these parts; all of them unless given
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Part>,
    /// Requests in a row for the last table
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..=10_000_000))]
    requests: u64,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// All targets with as much load as they take
    Full,
    /// keyferry and nginx with the same load
    Same,
    /// Both with TLS to the upstream
    Tls,
    /// How small the proxy is
    Small,
}

/// What all measurements share.
struct Stage<'a> {
    args: &'a Args,
    programs: &'a Path,
    folder: &'a Path,
    meter: Meter,
}

/// Sets up, measures one thing after the other, and prints.
pub(super) fn run(args: &Args) -> Result<(), String> {
    setup::run(&setup::Args { bench: true })?;
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let alone = folder.path().join("alone");
    if wanted(Part::Small) {
        std::fs::create_dir(&alone).map_err(|error| error.to_string())?;
        build_proxy_alone(&alone)?;
    }
    // The whole program comes last: what is built stands there for whoever looks at what was measured.
    let programs = built(&["keyferry", "keyferry-load"])?;
    let stage = Stage { args, programs: &programs, folder: folder.path(), meter: Meter::new()? };
    table::heading_of_all(args);
    let plain = Load::start(&programs, args.connections)?;
    if wanted(Part::Full) {
        let targets = stage.targets("full", &KINDS, &plain)?;
        table::full_load(&stage.rounds(&plain, &targets, None)?);
    }
    if wanted(Part::Same) {
        let targets = stage.targets("same", &FORWARDERS, &plain)?;
        for rate in &args.rate {
            table::same_load(*rate, &stage.rounds(&plain, &targets, Some(*rate))?);
        }
    }
    if wanted(Part::Tls) {
        let secure = Load::start_secure(&programs, args.connections, folder.path())?;
        let targets = stage.targets("secure", &FORWARDERS, &secure)?;
        table::secure(&stage.rounds(&secure, &targets, None)?);
    }
    if wanted(Part::Small) { small::run(&stage, &alone, &plain) } else { Ok(()) }
}

// === impl Stage ===

impl Stage<'_> {
    /// Targets before the upstream of `load`, warm.
    fn targets(&self, name: &str, kinds: &[targets::Kind], load: &Load) -> Result<Vec<Target>, String> {
        let folder = self.folder.join(name);
        std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        say("warming up");
        let start = |kind: &targets::Kind| {
            let target = Target::start(*kind, self.programs, load.upstream(), &folder)?;
            load.run(target.address, FIRST_WARM_UP)?;
            Ok(target)
        };
        kinds.iter().map(start).collect()
    }

    /// Measures the targets in turn, as often as was asked for.
    fn rounds(&self, load: &Load, targets: &[Target], rate: Option<u32>) -> Result<Vec<Round>, String> {
        let Args { rounds, seconds, connections, .. } = self.args;
        let mut measured = Vec::new();
        for number in 0..usize::from(*rounds) {
            say(&format!("round {} of {rounds}", number + 1));
            let mut round = Round::default();
            // Another one begins each round, so that none always comes after the same one.
            for target in targets.iter().cycle().skip(number % targets.len()).take(targets.len()) {
                load.run_at(rate, *connections, target.address, WARM_UP)?;
                let before = self.meter.read(target.process())?;
                let run = load.run_at(rate, *connections, target.address, *seconds)?;
                let after = self.meter.read(target.process())?;
                round.note(target.kind, &run, before, after);
            }
            measured.push(round);
        }
        Ok(measured)
    }
}
