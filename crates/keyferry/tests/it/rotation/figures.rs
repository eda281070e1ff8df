//! What the calls came to: those that a change of tokens could have held up, and the others.
//!
//! A change begins when the provider issues a token, and is over when the server's API is first asked with it, or with one that came
//! later: then the new instance serves, or the file is there. What follows, the old instance's last calls and its end, counts as
//! outside; a call that was under way at any moment of a change counts as inside.

use std::{
    fmt,
    time::{Duration, Instant},
};

use keyferry_sandbox::TokenUse;

use super::calls::{CLIENTS, Call};

pub(super) struct Figures {
    pub(super) failed: usize,
    /// Tokens that came into use while the clients called.
    pub(super) changes: usize,
    longest_change: Duration,
    inside: Latencies,
    outside: Latencies,
}

/// How long calls took, sorted.
struct Latencies(Vec<Duration>);

impl Figures {
    pub(super) fn of(calls: &[Call], uses: &[TokenUse]) -> Self {
        let tokens: Vec<_> = uses.iter().map(|used| (used.issued, used.first)).collect();
        let first = calls.iter().map(|call| call.began).min();
        let last = calls.iter().map(|call| call.began + call.took).max();
        let changes = first.zip(last).map(|(first, last)| changes(&tokens, first, last)).unwrap_or_default();
        let (inside, outside): (Vec<_>, Vec<_>) = calls.iter().partition(|call| is_inside(call, &changes));
        Self {
            failed: calls.iter().filter(|call| call.failed.is_some()).count(),
            changes: changes.len(),
            longest_change: changes.iter().map(|(begin, end)| *end - *begin).max().unwrap_or_default(),
            inside: Latencies::of(&inside),
            outside: Latencies::of(&outside),
        }
    }
}

/// From when to when tokens changed between two moments: tokens are given with their issue and their first use.
fn changes(tokens: &[(Instant, Option<Instant>)], first: Instant, last: Instant) -> Vec<(Instant, Instant)> {
    let in_use = |position: usize| tokens[position..].iter().filter_map(|(_, first)| *first).min();
    let change = |(position, token): (usize, &(Instant, Option<Instant>))| Some((token.0, in_use(position)?));
    let changes = tokens.iter().enumerate().filter_map(change);
    changes.filter(|(begin, end)| *begin > first && *end < last).collect()
}

fn is_inside(call: &Call, changes: &[(Instant, Instant)]) -> bool {
    let ended = call.began + call.took;
    changes.iter().any(|(begin, end)| call.began <= *end && ended >= *begin)
}

impl Latencies {
    fn of(calls: &[&Call]) -> Self {
        let mut took: Vec<_> = calls.iter().map(|call| call.took).collect();
        took.sort();
        Self(took)
    }

    fn at(&self, thousandths: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * thousandths / 1000).map_or(0.0, Duration::as_secs_f64) * 1e3
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.inside.0.len() + self.outside.0.len();
        write!(
            out,
            "{} changes, the longest {:.1} ms; ",
            self.changes,
            self.longest_change.as_secs_f64() * 1e3
        )?;
        write!(out, "{calls} calls of {CLIENTS} clients, {} failed; ", self.failed)?;
        write!(out, "during a change {}; outside {}", self.inside, self.outside)
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, longest] = [500, 990, 1000].map(|share| self.at(share));
        write!(out, "{} calls, p50 {p50:.1} ms, p99 {p99:.1} ms, longest {longest:.1} ms", self.0.len())
    }
}

#[test]
fn a_call_counts_as_inside_where_it_was_under_way_during_a_change() {
    let start = Instant::now();
    let at = |millis: u64| start + Duration::from_millis(millis);
    let call =
        |began: u64, took: u64| Call { began: at(began), took: Duration::from_millis(took), failed: None };
    let token = |issued: u64, first: Option<u64>| (at(issued), first.map(at));
    // The second came into use by the third alone; the last is still on its way.
    let tokens = [token(0, Some(0)), token(100, None), token(150, Some(200)), token(900, None)];
    let found = changes(&tokens, at(1), at(1000));
    assert_eq!(found, [(at(100), at(200)), (at(150), at(200))]);
    let calls = [call(1, 10), call(50, 60), call(120, 10), call(190, 900), call(300, 10)];
    let inside: Vec<_> = calls.iter().map(|call| is_inside(call, &found)).collect();
    assert_eq!(inside, [false, true, true, true, false]);
}
