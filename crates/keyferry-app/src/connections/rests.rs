//! Providers that are left alone for a while: because they say so, or because nothing has come of asking them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use keyferry_core::{
    id::ProviderName,
    refresh::{COOL_DOWN, LONGEST_RETRY_AFTER},
};

/// How many connections in a row must fail before their provider is taken to be down.
const FAILURES: u32 = 3;

/// Until when each provider rests. In memory alone: after a start the first connection finds out anew.
#[derive(Default)]
pub(super) struct Rests(Mutex<HashMap<ProviderName, Rest>>);

#[derive(Default)]
struct Rest {
    asked: Option<Pause>,
    down: Option<Pause>,
    failures: u32,
}

/// Since when and for how long, so that a clock that is set back makes it no longer.
type Pause = (Timestamp, SignedDuration);

impl Rests {
    /// Until when a provider wants to be left alone.
    pub(super) fn asked_until(&self, provider: &ProviderName, now: Timestamp) -> Option<Timestamp> {
        until(self.lock().get(provider)?.asked?, now)
    }

    /// Until when a provider is taken to be down.
    pub(super) fn down_until(&self, provider: &ProviderName, now: Timestamp) -> Option<Timestamp> {
        until(self.lock().get(provider)?.down?, now)
    }

    /// The provider answered: whatever it said, it is there.
    pub(super) fn answered(&self, provider: &ProviderName) {
        self.lock().remove(provider);
    }

    /// Nothing came of asking; or the provider wants rest, for all of its connections.
    pub(super) fn failed(
        &self,
        provider: &ProviderName,
        retry_after: Option<SignedDuration>,
        now: Timestamp,
    ) {
        let mut rests = self.lock();
        let rest = rests.entry(provider.clone()).or_default();
        rest.failures = rest.failures.saturating_add(1);
        rest.asked = retry_after.map(|pause| (now, pause.clamp(SignedDuration::ZERO, LONGEST_RETRY_AFTER)));
        rest.down = rest.failures.checked_sub(FAILURES).map(|more| {
            let pause = SignedDuration::from_secs(1 << more.min(5));
            (now, pause.min(COOL_DOWN))
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ProviderName, Rest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn until((since, pause): Pause, now: Timestamp) -> Option<Timestamp> {
    let until = since.checked_add(pause).ok()?;
    (since <= now && now < until).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_rests_when_it_asks_for_it_or_fails_again_and_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (rests, acme): (_, ProviderName) = (Rests::default(), "acme".parse().unwrap());
        let down = |now| rests.down_until(&acme, at(now)).map(Timestamp::as_second);
        let asked = |now| rests.asked_until(&acme, at(now)).map(Timestamp::as_second);
        let seconds = |seconds| Some(SignedDuration::from_secs(seconds));
        for expected in [None, None, Some(1), Some(2), Some(4), Some(8), Some(16), Some(30), Some(30)] {
            rests.failed(&acme, None, at(0));
            assert_eq!((down(0), asked(0)), (expected, None));
        }
        assert_eq!((down(29), down(30), down(-1)), (Some(30), None, None), "nor when the clock is set back");
        rests.answered(&acme);
        assert_eq!(down(0), None);
        rests.failed(&acme, seconds(100), at(0));
        assert_eq!((down(0), asked(0)), (None, Some(100)));
        rests.failed(&acme, seconds(31_536_000), at(0));
        assert_eq!(asked(0), Some(3600));
        assert_eq!(rests.asked_until(&"other".parse().unwrap(), at(0)), None);
    }
}
