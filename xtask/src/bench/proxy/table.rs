//! The tables, in Markdown, to be pasted as they are.

use super::{
    Args, WARM_UP,
    figures::{Figures, Round},
    small,
    targets::{FORWARDERS, KINDS, Kind},
};
use crate::{bench::spread::Spread, machine, step::print as line};

/// The targets. CPU time for a request, as a multiple of nginx's; of which Fastify's is to be a multiple; and as a multiple of nginx's
/// with TLS to the upstream.
const CPU_OF_NGINX: f64 = 1.8;
const FASTIFY_OF_OURS: f64 = 20.0;
const SECURE_OF_NGINX: f64 = 1.3;
/// What one thread answers, of what nginx does.
const REQUESTS_OF_NGINX: f64 = 0.4;
/// The latency that 99 of 100 do not exceed, as a multiple of nginx's at the same load.
const P99_OF_NGINX: f64 = 1.5;
const READY_MILLIS: f64 = 20.0;
const IDLE_MIB: f64 = 12.0;
const MANY_MIB: f64 = 40.0;
/// How much more memory there may be after all requests than after a tenth of them, to call it flat.
const FLAT_MIB: f64 = 1.0;

/// One figure: its name, its digits behind the point, where it stands.
type Column = (&'static str, usize, fn(&Figures) -> f64);

const COLUMNS: [Column; 5] = [
    ("requests/s", 0, |figures| figures.requests_per_second),
    ("CPU µs/request", 1, |figures| figures.cpu_micros),
    ("p50 ms", 2, |figures| figures.p50_millis),
    ("p99 ms", 2, |figures| figures.p99_millis),
    ("RSS MiB", 1, |figures| figures.resident_mib),
];

/// Prints on what all of it was measured, and how.
pub(super) fn heading_of_all(args: &Args) {
    line(&format!(
        "\n{}; {} connections, {} rounds of {} s a target, {WARM_UP} s of warm-up before each",
        machine::description(),
        args.connections,
        args.rounds,
        args.seconds
    ));
}

/// All targets with as much load as they take.
pub(super) fn full_load(rounds: &[Round]) {
    line("\nAs much load as each takes:\n");
    medians(&KINDS, rounds);
    ratios_heading();
    let cpu = |one, other| move |round: &Round| round.ratio(one, other, |figures| figures.cpu_micros);
    ratio("CPU: keyferry ÷ nginx", rounds, cpu(Kind::Keyferry, Kind::Nginx), Some(Bound::Most(CPU_OF_NGINX)));
    ratio("CPU: fastify-pool ÷ keyferry", rounds, cpu(Kind::FastifyPool, Kind::Keyferry), None);
    ratio("CPU: fastify-checks ÷ keyferry", rounds, cpu(Kind::FastifyChecks, Kind::Keyferry), None);
    let least = Some(Bound::Least(FASTIFY_OF_OURS));
    ratio("CPU: fastify ÷ keyferry", rounds, cpu(Kind::Fastify, Kind::Keyferry), least);
    let throughput =
        |round: &Round| round.ratio(Kind::Keyferry, Kind::Nginx, |figures| figures.requests_per_second);
    ratio("requests/s: keyferry ÷ nginx", rounds, throughput, Some(Bound::Least(REQUESTS_OF_NGINX)));
    each_round(rounds);
}

/// Those that forward, with the same load.
pub(super) fn same_load(rate: u32, rounds: &[Round]) {
    line(&format!("\n{rate} requests a second on each:\n"));
    medians(&FORWARDERS, rounds);
    ratios_heading();
    let p99 = |round: &Round| round.ratio(Kind::Keyferry, Kind::Nginx, |figures| figures.p99_millis);
    ratio("p99: keyferry ÷ nginx", rounds, p99, Some(Bound::Most(P99_OF_NGINX)));
}

/// Those that forward, with TLS to the upstream.
pub(super) fn secure(rounds: &[Round]) {
    line("\nTLS to the upstream, as much load as each takes:\n");
    medians(&FORWARDERS, rounds);
    ratios_heading();
    let cpu = |round: &Round| round.ratio(Kind::Keyferry, Kind::Nginx, |figures| figures.cpu_micros);
    ratio("CPU: keyferry ÷ nginx", rounds, cpu, Some(Bound::Most(SECURE_OF_NGINX)));
}

/// How small the proxy is: in the whole program, and alone. The verdict is on the latter, which is what a server runs.
pub(super) fn small(whole: &small::Figures, alone: &small::Figures) {
    let (many, rate) = (small::MANY, small::OVER_MANY);
    line("\n| keyferry proxy | whole program | proxy alone | target |");
    line("| --- | ---: | ---: | --- |");
    let row = |name: &str, of: fn(&small::Figures) -> f64, bound: Option<Bound>| {
        let verdict = bound.map_or_else(String::new, |bound| bound.verdict(of(alone)));
        line(&format!("| {name} | {:.1} | {:.1} | {verdict} |", of(whole), of(alone)));
    };
    let most = |value| Some(Bound::Most(value));
    row("ready after, ms, median", |figures| figures.ready_millis.median, most(READY_MILLIS));
    row("RSS at rest, MiB", |figures| figures.idle_mib, most(IDLE_MIB));
    let name = format!("RSS with {many} connections and {rate} requests/s, MiB");
    row(&name, |figures| figures.many_mib, most(MANY_MIB));
    let requests = whole.requests.min(alone.requests);
    let name = format!("RSS after a tenth of at least {requests} requests, MiB");
    row(&name, |figures| figures.tenth_mib, None);
    row("RSS after all of them, MiB", |figures| figures.all_mib, most(alone.tenth_mib + FLAT_MIB));
}

/// What a figure must not exceed, or must reach.
#[derive(Clone, Copy)]
enum Bound {
    Most(f64),
    Least(f64),
}

// === impl Bound ===

impl Bound {
    fn verdict(self, value: f64) -> String {
        let (sign, bound, met) = match self {
            Self::Most(bound) => ('≤', bound, value <= bound),
            Self::Least(bound) => ('≥', bound, value >= bound),
        };
        format!("{sign} {}: {}", (bound * 10.0).round() / 10.0, if met { "met" } else { "missed" })
    }
}

fn heading(first: &str) {
    let names = COLUMNS.map(|(name, ..)| name).join(" | ");
    line(&format!("| {first} | {names} |"));
    line(&format!("| --- |{}", " ---: |".repeat(COLUMNS.len())));
}

fn medians(kinds: &[Kind], rounds: &[Round]) {
    heading("median");
    for kind in kinds {
        let cells = COLUMNS.map(|(_, digits, figure)| {
            let figures = rounds.iter().filter_map(|round| round.of(*kind)).map(figure);
            Spread::of(figures).map_or_else(String::new, |spread| format!("{:.digits$}", spread.median))
        });
        line(&format!("| {} | {} |", kind.name(), cells.join(" | ")));
    }
}

fn ratios_heading() {
    line("\n| within a round | min | median | max | target |");
    line("| --- | ---: | ---: | ---: | ---: |");
}

fn ratio(name: &str, rounds: &[Round], of: impl Fn(&Round) -> Option<f64>, bound: Option<Bound>) {
    if let Some(spread) = Spread::of(rounds.iter().filter_map(of)) {
        let verdict = bound.map_or_else(String::new, |bound| bound.verdict(spread.median));
        line(&format!("| {name} | {spread:.2} | {verdict} |"));
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
