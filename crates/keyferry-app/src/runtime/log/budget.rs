//! How much a server may add to its log in a second.

use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(1);

pub(super) struct Budget {
    bytes: usize,
    used: usize,
    since: Instant,
    left_out: u64,
}

impl Budget {
    pub(super) fn new(bytes: usize, now: Instant) -> Self {
        Self { bytes, used: 0, since: now, left_out: 0 }
    }

    /// Whether a line of this length fits, and how many before it did not, to be said once.
    pub(super) fn spend(&mut self, length: usize, now: Instant) -> (u64, bool) {
        if now.saturating_duration_since(self.since) >= WINDOW {
            (self.since, self.used) = (now, 0);
        }
        // The first line of a window always fits: a line may be longer than a small budget.
        if self.used > 0 && self.used + length > self.bytes {
            self.left_out += 1;
            return (0, false);
        }
        self.used += length.max(1);
        (std::mem::take(&mut self.left_out), true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_said_once() {
        let start = Instant::now();
        let mut budget = Budget::new(10, start);
        assert_eq!(budget.spend(6, start), (0, true));
        assert_eq!(budget.spend(6, start), (0, false));
        assert_eq!(budget.spend(6, start + WINDOW / 2), (0, false));
        assert_eq!(budget.spend(4, start + WINDOW / 2), (2, true));
        assert_eq!(budget.spend(1, start + WINDOW / 2), (0, false));
        assert_eq!(budget.spend(1_000, start + WINDOW), (1, true));
        assert_eq!(budget.spend(1, start + WINDOW * 2), (0, true));
    }
}
