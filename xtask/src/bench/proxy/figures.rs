//! What was measured, by round and target.

use super::{load::Run, targets::Kind};
use crate::bench::usage::Usage;

/// One target in one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub(super) kind: Kind,
    pub(super) requests_per_second: f64,
    pub(super) cpu_micros: f64,
    pub(super) p50_millis: f64,
    pub(super) p99_millis: f64,
    pub(super) resident_mib: f64,
}

/// All targets in one round.
#[derive(Debug, Default)]
pub(super) struct Round {
    figures: Vec<Figures>,
}

// === impl Round ===

impl Round {
    /// Notes what a target did between two readings.
    pub(super) fn note(&mut self, kind: Kind, run: &Run, before: Usage, after: Usage) {
        let requests = run.requests as f64;
        self.figures.push(Figures {
            kind,
            requests_per_second: requests / run.seconds,
            cpu_micros: (after.cpu_seconds - before.cpu_seconds) * 1e6 / requests,
            p50_millis: f64::from(run.p50_micros) / 1e3,
            p99_millis: f64::from(run.p99_micros) / 1e3,
            resident_mib: after.resident_kib as f64 / 1024.0,
        });
    }

    /// A target's figures.
    pub(super) fn of(&self, kind: Kind) -> Option<&Figures> {
        self.figures.iter().find(|figures| figures.kind == kind)
    }

    /// How many times a figure of `kind` is that of `other`.
    pub(super) fn ratio(&self, kind: Kind, other: Kind, figure: fn(&Figures) -> f64) -> Option<f64> {
        Some(figure(self.of(kind)?) / figure(self.of(other)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_one_request() {
        let run = Run { requests: 1_000, seconds: 2.0, p50_micros: 1_500, p99_micros: 4_000 };
        let usage = |cpu_seconds| Usage { cpu_seconds, resident_kib: 2_048 };
        let mut round = Round::default();
        round.note(Kind::Nginx, &run, usage(1.0), usage(1.02));
        round.note(Kind::Keyferry, &run, usage(5.0), usage(5.04));
        let nginx = round.of(Kind::Nginx).unwrap();
        assert!((nginx.cpu_micros - 20.0).abs() < 1e-6 && (nginx.requests_per_second - 500.0).abs() < 1e-6);
        assert!((nginx.p50_millis - 1.5).abs() < 1e-6 && (nginx.resident_mib - 2.0).abs() < 1e-6);
        let cpu = |kind, other| round.ratio(kind, other, |figures| figures.cpu_micros);
        assert!((cpu(Kind::Keyferry, Kind::Nginx).unwrap() - 2.0).abs() < 1e-6);
        assert!(cpu(Kind::Fastify, Kind::Nginx).is_none());
    }
}
