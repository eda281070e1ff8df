//! A table of allowances that never grows.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};

/// Slots of a table. It never grows beyond: two that share a slot share its allowance, and since the hash is keyed at random for each
/// process, nobody can choose whom to share with.
///
/// As many as that those who come once, as codes do, never use up what they share, however many one process can answer.
const SLOTS: u64 = 1 << 18;
/// After so many that were counted, the slots that are as good as new are let go.
const TIDY: u32 = 1 << 16;

/// Counts how often each of many comes.
pub(crate) struct Slots {
    limiter: DefaultKeyedRateLimiter<u32>,
    key: RandomState,
    counted: AtomicU32,
}

// === impl Slots ===

impl Slots {
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            limiter: DefaultKeyedRateLimiter::keyed(quota),
            key: RandomState::new(),
            counted: AtomicU32::new(1),
        }
    }

    /// Counts one; or how long it has to wait.
    pub(crate) fn check(&self, who: &impl Hash) -> Result<(), Duration> {
        if self.counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(TIDY) {
            self.limiter.retain_recent();
        }
        let slot = u32::try_from(self.key.hash_one(who) % SLOTS).unwrap_or_default();
        self.limiter.check_key(&slot).map_err(|until| until.wait_time_from(self.limiter.clock().now()))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn the_table_has_a_bound() {
        let slots = Slots::new(Quota::per_hour(NonZeroU32::MIN));
        for n in 0..1_000_000_u32 {
            let _ = slots.check(&n);
        }
        assert!(slots.limiter.len() as u64 <= SLOTS);
    }

    #[test]
    fn slots_that_are_as_good_as_new_are_let_go() {
        let slots = Slots::new(Quota::with_period(Duration::from_nanos(1)).unwrap());
        for n in 0..4 * TIDY {
            let _ = slots.check(&n);
        }
        assert!(slots.limiter.len() as u64 <= u64::from(TIDY) + 1, "{}", slots.limiter.len());
    }
}
