//! The tables, in Markdown, to be pasted as they are.

use super::{
    Args, WARM_UP,
    figures::{Figures, Round},
    targets::{KINDS, Kind},
};
use crate::{bench::spread::Spread, machine, step::print as line};

/// The targets: CPU time for a request, as a multiple of nginx's, and of which Fastify's is to be a multiple.
const OF_NGINX: f64 = 2.5;
const FASTIFY_OF_OURS: f64 = 12.0;

/// One figure: its name, its digits behind the point, where it stands.
type Column = (&'static str, usize, fn(&Figures) -> f64);

const COLUMNS: [Column; 5] = [
    ("requests/s", 0, |figures| figures.requests_per_second),
    ("CPU µs/request", 1, |figures| figures.cpu_micros),
    ("p50 ms", 2, |figures| figures.p50_millis),
    ("p99 ms", 2, |figures| figures.p99_millis),
    ("RSS MiB", 1, |figures| figures.resident_mib),
];

/// Prints medians, ratios, and every round.
pub(super) fn print(args: &Args, rounds: &[Round]) {
    line(&format!(
        "\n{}; {} connections, {} rounds of {} s a target, {WARM_UP} s of warm-up before each\n",
        machine::description(),
        args.connections,
        args.rounds,
        args.seconds
    ));
    medians(rounds);
    ratios(rounds);
    each_round(rounds);
}

fn heading(first: &str) {
    let names = COLUMNS.map(|(name, ..)| name).join(" | ");
    line(&format!("| {first} | {names} |"));
    line(&format!("| --- |{}", " ---: |".repeat(COLUMNS.len())));
}

fn medians(rounds: &[Round]) {
    heading("median");
    for kind in KINDS {
        let cells = COLUMNS.map(|(_, digits, figure)| {
            let figures = rounds.iter().filter_map(|round| round.of(kind)).map(figure);
            Spread::of(figures).map_or_else(String::new, |spread| format!("{:.digits$}", spread.median))
        });
        line(&format!("| {} | {} |", kind.name(), cells.join(" | ")));
    }
}

fn ratios(rounds: &[Round]) {
    line("\n| CPU a request, by round | min | median | max | target |");
    line("| --- | ---: | ---: | ---: | ---: |");
    let ratio = |one, other| Spread::of(rounds.iter().filter_map(|round| round.cpu_ratio(one, other)));
    if let Some(spread) = ratio(Kind::Keyferry, Kind::Nginx) {
        let verdict = if spread.median <= OF_NGINX { "met" } else { "missed" };
        line(&format!("| keyferry ÷ nginx | {spread:.2} | ≤ {OF_NGINX}: {verdict} |"));
    }
    if let Some(spread) = ratio(Kind::FastifyPool, Kind::Keyferry) {
        line(&format!("| fastify-pool ÷ keyferry | {spread:.2} | |"));
    }
    if let Some(spread) = ratio(Kind::Fastify, Kind::Keyferry) {
        let verdict = if spread.median >= FASTIFY_OF_OURS { "met" } else { "missed" };
        line(&format!("| fastify ÷ keyferry | {spread:.2} | ≥ {FASTIFY_OF_OURS}: {verdict} |"));
    }
}

fn each_round(rounds: &[Round]) {
    line("");
    heading("round");
    for (number, round) in (1..).zip(rounds) {
        for figures in KINDS.into_iter().filter_map(|kind| round.of(kind)) {
            let cells = COLUMNS.map(|(_, digits, figure)| format!("{:.digits$}", figure(figures)));
            line(&format!("| {number} {} | {} |", figures.kind.name(), cells.join(" | ")));
        }
    }
}
