//! How often one code or token may be presented.
//!
//! By credential and not by address: people behind one address must not slow each other down, and a flood with one token must
//! hurt that token alone.

use governor::Quota;

use crate::{
    admission::Caller,
    config::Limits,
    error::ProxyError,
    limits::{Slots, whole_seconds},
};

/// Counts how often credentials are presented.
pub(crate) struct Pace(Slots);

// === impl Pace ===

impl Pace {
    pub(crate) fn new(limits: &Limits) -> Self {
        let pause = limits.credential_pause.max(std::time::Duration::from_millis(1));
        let quota = Quota::with_period(pause).unwrap_or(Quota::per_second(limits.credential_burst));
        Self(Slots::new(quota.allow_burst(limits.credential_burst)))
    }

    /// Counts one presentation.
    pub(crate) fn check(&self, caller: &Caller, credential: &str) -> Result<(), ProxyError> {
        let often = |wait| ProxyError::TooOften { retry_after: whole_seconds(wait) };
        self.0.check(&(caller.name(), credential)).map_err(often)
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
    fn a_million_that_come_once_do_not_stop_each_other() {
        let pace = Pace::new(&Limits::default());
        let ada = Caller::of_test("ada");
        let refused = (0..1_000_000_u32).filter(|code| pace.check(&ada, &code.to_string()).is_err());
        assert_eq!(refused.count(), 0);
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
}
