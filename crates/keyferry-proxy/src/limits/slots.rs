//! A table of allowances that never grows.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};

/// Slots of a table. It never grows beyond: two that share a slot share its allowance, and since the hash is keyed at random for each
/// process, nobody can choose whom to share with.
const SLOTS: u64 = 1 << 16;

/// Counts how often each of many comes.
pub(crate) struct Slots {
    limiter: DefaultKeyedRateLimiter<u32>,
    key: RandomState,
}

// === impl Slots ===

impl Slots {
    pub(crate) fn new(quota: Quota) -> Self {
        Self { limiter: DefaultKeyedRateLimiter::keyed(quota), key: RandomState::new() }
    }

    /// Counts one; or how long it has to wait.
    pub(crate) fn check(&self, who: &impl Hash) -> Result<(), Duration> {
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
        for n in 0..200_000_u32 {
            let _ = slots.check(&n);
        }
        assert!(slots.limiter.len() as u64 <= SLOTS);
    }
}
