//! Rounds of calls, and what they came to.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::way::Way;
use crate::{
    bench::{spread::Spread, usage::Meter},
    step::print,
};

/// How much slower than the server itself a call through the gateway may be.
const TIMES_DIRECT: f64 = 1.3;
/// How much better than the best of the proxies in Python.
const TIMES_BETTER: f64 = 5.0;

/// What one round of one way came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    p50: f64,
    p99: f64,
    cpu: f64,
}

/// Makes calls one after the other. A wrong answer ends the benchmark.
pub(super) fn round(way: &mut dyn Way, calls: u32, meter: Meter) -> Result<Round, String> {
    let cpu = |way: &dyn Way| -> Result<f64, String> {
        way.processes().into_iter().map(|id| meter.read(id).map(|usage| usage.cpu_seconds)).sum()
    };
    let before = cpu(way)?;
    let mut times: Vec<Duration> = Vec::new();
    for number in 1..=calls {
        let message = json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": { "name": "whoami", "arguments": {} } });
        let asked = Instant::now();
        let answer = way.ask(&message)?;
        times.push(asked.elapsed());
        let said = answer.pointer("/result/content/0/text").and_then(Value::as_str);
        if !said.is_some_and(|said| said.contains("ada")) {
            return Err(format!("a call was answered with {answer}"));
        }
    }
    let cpu = (cpu(way)? - before) * 1e6 / f64::from(calls);
    times.sort_unstable();
    let at = |share: usize| {
        let index = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Ok(Round { p50: at(50), p99: at(99), cpu })
}

/// All rounds of one way.
pub(super) struct Rounds {
    pub(super) name: &'static str,
    pub(super) rounds: Vec<Round>,
}

/// A figure of a round.
type Figure = (&'static str, fn(&Round) -> f64);

const P50: Figure = ("p50", |round| round.p50);
const CPU: Figure = ("CPU", |round| round.cpu);

/// Prints the figures of every way, then ratios within rounds.
pub(super) fn table(ways: &[Rounds]) -> Result<(), String> {
    print(
        "| a call of `whoami` through | p50, µs: min | median | max | p99, µs: median | CPU, µs: min | median | max |",
    );
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for Rounds { name, rounds } in ways {
        let spread = |figure: fn(&Round) -> f64| Spread::of(rounds.iter().map(figure)).ok_or("no rounds");
        let (p50, p99, cpu) = (spread(P50.1)?, spread(|round| round.p99)?, spread(CPU.1)?);
        print(&format!("| {name} | {p50:.0} | {:.0} | {cpu:.0} |", p99.median));
    }
    Ok(())
}

/// Prints by how much one way is slower than another, round by round: ours than the server itself, and each of theirs than that of ours
/// which it stands beside.
pub(super) fn ratios(direct: &Rounds, ours: &[&Rounds], beside: &[&Rounds], theirs: &[&Rounds]) {
    print("\n| within a round | min | median | max | target |");
    print("| --- | ---: | ---: | ---: | ---: |");
    for way in ours {
        let target = |median| met("≤", TIMES_DIRECT, median <= TIMES_DIRECT);
        ratio(way, direct, P50, target);
        ratio(way, direct, CPU, |_| String::new());
    }
    for (way, other) in beside.iter().zip(theirs) {
        for figure in [P50, CPU] {
            ratio(other, way, figure, |median| met("≥", TIMES_BETTER, median >= TIMES_BETTER));
        }
    }
}

fn ratio(one: &Rounds, other: &Rounds, (figure, of): Figure, target: impl Fn(f64) -> String) {
    let ratios = one.rounds.iter().zip(&other.rounds).map(|(one, other)| of(one) / of(other));
    if let Some(spread) = Spread::of(ratios) {
        let target = target(spread.median);
        print(&format!("| {figure}: {} ÷ {} | {spread:.2} | {target} |", one.name, other.name));
    }
}

fn met(sign: &str, target: f64, met: bool) -> String {
    format!("{sign} {target}: {}", if met { "met" } else { "missed" })
}
