//! How long requests took.

use std::time::Duration;

/// All latencies of a run, in microseconds. At most a few million, so they are kept as they are: no bucket rounds them.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    micros: Vec<u32>,
}

// === impl Latencies ===

impl Latencies {
    /// Notes one.
    pub(crate) fn note(&mut self, latency: Duration) {
        self.micros.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes in those of another connection.
    pub(crate) fn merge(&mut self, other: Self) {
        self.micros.extend(other.micros);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.micros.len()
    }

    /// The latency that `percent` of all requests did not exceed, by nearest rank; nothing without requests.
    pub(crate) fn percentile(&mut self, percent: usize) -> Option<u32> {
        self.micros.sort_unstable();
        let rank = (self.micros.len() * percent).div_ceil(100);
        self.micros.get(rank.saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latencies(micros: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        for micros in micros {
            latencies.note(Duration::from_micros(micros));
        }
        latencies
    }

    #[test]
    fn a_percentile_is_a_latency_that_occurred() {
        let mut hundred = latencies((1..=100).rev());
        assert_eq!(hundred.percentile(50), Some(50));
        assert_eq!(hundred.percentile(99), Some(99));
        assert_eq!(hundred.percentile(100), Some(100));
        assert_eq!(latencies([7]).percentile(1), Some(7));
        assert_eq!(latencies([]).percentile(99), None);
    }

    #[test]
    fn connections_add_up() {
        let mut all = latencies([3, 1]);
        all.merge(latencies([2]));
        assert_eq!((all.count(), all.percentile(50)), (3, Some(2)));
    }
}
