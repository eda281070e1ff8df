//! How often one code or token may be presented.
//!
//! By credential and not by address: people behind one address must not slow each other down, and a flood with one token must
//! hurt that token alone.

use std::hash::{BuildHasher, RandomState};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};

use crate::{admission::Caller, config::Limits, error::ProxyError};

/// Slots of the table. It never grows beyond: two credentials that share a slot share its allowance, and since the hash is keyed
/// at random for each process, nobody can choose whom to share with.
const SLOTS: u64 = 1 << 16;

/// Counts how often credentials are presented.
pub(crate) struct Pace {
    limiter: DefaultKeyedRateLimiter<u32>,
    key: RandomState,
}

// === impl Pace ===

impl Pace {
    pub(crate) fn new(limits: &Limits) -> Self {
        let pause = limits.credential_pause.max(std::time::Duration::from_millis(1));
        let quota = Quota::with_period(pause).unwrap_or(Quota::per_second(limits.credential_burst));
        let limiter = DefaultKeyedRateLimiter::keyed(quota.allow_burst(limits.credential_burst));
        Self { limiter, key: RandomState::new() }
    }

    /// Counts one presentation.
    pub(crate) fn check(&self, caller: &Caller, credential: &str) -> Result<(), ProxyError> {
        let hash = self.key.hash_one((caller.name(), credential));
        let slot = u32::try_from(hash % SLOTS).unwrap_or_default();
        self.limiter.check_key(&slot).map_err(|until| {
            let wait = until.wait_time_from(self.limiter.clock().now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
            ProxyError::TooOften { retry_after: seconds.saturating_add(1) }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use super::*;

    fn pace() -> Pace {
        let credential_burst = NonZeroU32::new(3).unwrap();
        Pace::new(&Limits {
            credential_burst,
            credential_pause: Duration::from_secs(90),
            ..Limits::default()
        })
    }

    #[test]
    fn a_flood_with_one_token_stops_that_token_alone() {
        let pace = pace();
        let (ada, bob) = (Caller::of_test("ada"), Caller::of_test("bob"));
        let passed = (0..1_000).filter(|_| pace.check(&ada, "one").is_ok()).count();
        assert_eq!(passed, 3);
        assert!(matches!(pace.check(&ada, "one"), Err(ProxyError::TooOften { retry_after: 1..=91 })));
        assert!(pace.check(&ada, "two").is_ok());
        assert!(pace.check(&bob, "one").is_ok());
    }

    #[test]
    fn the_table_has_a_bound() {
        let pace = pace();
        let nobody = Caller::of_test("");
        for n in 0..200_000 {
            let _ = pace.check(&nobody, &n.to_string());
        }
        assert!(pace.limiter.len() as u64 <= SLOTS);
    }
}
