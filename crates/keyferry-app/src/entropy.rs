//! The one place where randomness is read from the operating system. Everything else gets an [`Entropy`].

use std::{fmt, sync::Arc};

/// Gives random bytes. Filled by the operating system, unless a test hands in its own.
#[derive(Clone)]
pub struct Entropy(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Entropy {
    /// The operating system's generator.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(fill_from_system))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

#[expect(
    clippy::panic,
    reason = "without randomness no state, verifier or key is safe, and nothing may go on with a guess"
)]
fn fill_from_system(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the operating system gives no randomness: {error}");
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Entropy")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Pearson's statistic over 320 000 bytes has the mean 255 and the deviation 22.6; a sound generator misses 400 once in 10^8 runs.
    #[test]
    fn the_systems_bytes_are_evenly_spread_and_do_not_repeat() {
        let entropy = Entropy::system();
        let (mut counts, mut seen) = ([0_u32; 256], HashSet::new());
        for _ in 0..10_000 {
            let bytes = entropy.bytes::<32>();
            bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
            assert!(seen.insert(bytes));
        }
        let expected = 320_000.0 / 256.0;
        let statistic: f64 =
            counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        assert!(statistic < 400.0, "{statistic}");
    }
}
