//! The proxy beside nginx, which only forwards, and beside the same service as it is usually written on Fastify. All redeem codes
//! at the same upstream, in alternating rounds on this machine.

mod figures;
mod load;
mod table;
mod targets;

use figures::Round;
pub(super) use load::Load;
use targets::KINDS;
pub(super) use targets::Target;

use super::{built, usage::Meter};
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
}

/// Sets up, starts all targets, measures them in turn, and prints.
pub(super) fn run(args: &Args) -> Result<(), String> {
    setup::run(&setup::Args { bench: true })?;
    let programs = built(&["keyferry", "keyferry-load"])?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let load = Load::start(&programs, args.connections)?;
    let targets = KINDS
        .into_iter()
        .map(|kind| Target::start(kind, &programs, load.upstream(), folder.path()))
        .collect::<Result<Vec<_>, _>>()?;
    let meter = Meter::new()?;
    say("warming up");
    for target in &targets {
        load.run(target.address, FIRST_WARM_UP)?;
    }
    let mut rounds: Vec<Round> = Vec::new();
    for number in 0..usize::from(args.rounds) {
        say(&format!("round {} of {}", number + 1, args.rounds));
        let mut round = Round::default();
        // Another one begins each round, so that none always comes after the same one.
        for target in targets.iter().cycle().skip(number % targets.len()).take(targets.len()) {
            load.run(target.address, WARM_UP)?;
            let before = meter.read(target.process())?;
            let run = load.run(target.address, args.seconds)?;
            let after = meter.read(target.process())?;
            round.note(target.kind, &run, before, after);
        }
        rounds.push(round);
    }
    table::print(args, &rounds);
    Ok(())
}
