//! A rest for a provider that can't be reached: nobody waits for what is surely down.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{error::ProxyError, fault::Fault, limits::whole_seconds};

/// Exchanges in a row that must fail before there is a rest.
const FAILURES: u32 = 10;
/// The first rest; each further one is twice as long.
const FIRST_REST: Duration = Duration::from_secs(2);
/// The longest.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// How long the others wait for the one that goes first after a rest.
const TRIAL: Duration = Duration::from_secs(15);

/// Whether a provider rests.
///
/// Only what callers can't bring about counts: no connection, and no answer in time. An error answer may be the fault of what one caller
/// sent, and must not keep the others out.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Exchanges begin as they come; so many failed in a row.
    Working { failures: u32 },
    /// None begins.
    Resting { until: Instant, rests: u32 },
    /// One is under way, to find out.
    Trying { until: Instant, rests: u32 },
}

// === impl State ===

impl Default for State {
    fn default() -> Self {
        Self::Working { failures: 0 }
    }
}

// === impl Breaker ===

impl Breaker {
    /// Whether an exchange may begin. After a rest it is one alone.
    pub(crate) fn check(&self, now: Instant) -> Result<(), ProxyError> {
        let mut state = self.state();
        match *state {
            State::Working { .. } => Ok(()),
            State::Resting { until, .. } | State::Trying { until, .. } if now < until => {
                let retry_after = match *state {
                    State::Resting { .. } => whole_seconds(until - now),
                    _ => 1,
                };
                Err(ProxyError::Resting { retry_after })
            }
            State::Resting { rests, .. } | State::Trying { rests, .. } => {
                *state = State::Trying { until: now + TRIAL, rests };
                Ok(())
            }
        }
    }

    /// Notes how an exchange ended. Says how long the provider rests, when a rest begins.
    pub(crate) fn ended(&self, fault: Option<&Fault>, now: Instant) -> Option<Duration> {
        let mut state = self.state();
        if fault == Some(&Fault::NoFiles) {
            // It says nothing of the provider, so that another one has to find out.
            if let State::Trying { rests, .. } = *state {
                *state = State::Resting { until: now, rests };
            }
            return None;
        }
        if !fault.is_some_and(|fault| matches!(fault, Fault::Unreachable | Fault::TimedOut)) {
            *state = State::default();
            return None;
        }
        let rests = match *state {
            State::Working { failures } if failures + 1 < FAILURES => {
                *state = State::Working { failures: failures + 1 };
                return None;
            }
            State::Working { .. } => 0,
            // It began before the rest did.
            State::Resting { .. } => return None,
            State::Trying { rests, .. } => rests,
        };
        let rest = FIRST_REST.saturating_mul(1 << rests.min(8)).min(LONGEST_REST);
        *state = State::Resting { until: now + rest, rests: rests + 1 };
        Some(rest)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn down(breaker: &Breaker, now: Instant) -> Option<Duration> {
        breaker.ended(Some(&Fault::Unreachable), now)
    }

    #[test]
    fn a_provider_that_is_down_rests_ever_longer_and_one_tries_it() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        let rests: Vec<_> = (0..FAILURES).filter_map(|_| down(&breaker, now)).collect();
        assert_eq!(rests, [FIRST_REST]);
        for expected in [4, 8, 16, 30, 30] {
            assert!(matches!(breaker.check(now), Err(ProxyError::Resting { retry_after: 1.. })));
            assert_eq!(down(&breaker, now), None, "one that was under way prolonged the rest");
            now += LONGEST_REST;
            assert_eq!(breaker.check(now), Ok(()));
            assert_eq!(breaker.check(now), Err(ProxyError::Resting { retry_after: 1 }), "two try at once");
            assert_eq!(down(&breaker, now), Some(SECOND * expected));
        }
        now += LONGEST_REST;
        assert_eq!(breaker.check(now), Ok(()));
        assert_eq!(breaker.ended(None, now), None);
        assert_eq!(breaker.check(now), Ok(()));
        assert_eq!(down(&breaker, now), None, "one failure after a success is no rest");
    }

    #[test]
    fn who_tries_and_never_ends_does_not_keep_the_others_out() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let _: Vec<_> = (0..FAILURES).map(|_| down(&breaker, now)).collect();
        assert_eq!(breaker.check(now + LONGEST_REST), Ok(()));
        assert!(breaker.check(now + LONGEST_REST + TRIAL - SECOND).is_err());
        assert_eq!(breaker.check(now + LONGEST_REST + TRIAL), Ok(()));
    }

    #[test]
    fn what_says_nothing_of_the_provider_begins_no_rest_and_ends_none() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        let without_files = |now| assert_eq!(breaker.ended(Some(&Fault::NoFiles), now), None);
        for _ in 0..2 * FAILURES {
            without_files(now);
        }
        let _: Vec<_> = (1..FAILURES).map(|_| down(&breaker, now)).collect();
        without_files(now);
        assert_eq!(down(&breaker, now), Some(FIRST_REST), "it ended the row");
        without_files(now);
        assert!(breaker.check(now).is_err(), "it ended the rest");
        now += FIRST_REST;
        assert_eq!(breaker.check(now), Ok(()));
        without_files(now);
        assert_eq!(breaker.check(now), Ok(()), "nobody else finds out");
        assert!(breaker.check(now).is_err(), "two try at once");
        assert_eq!(down(&breaker, now), Some(2 * FIRST_REST), "the rests begin anew");
    }

    #[test]
    fn what_a_caller_can_bring_about_is_no_reason_to_rest() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for fault in [Fault::Status, Fault::Broken, Fault::NoReply, Fault::Redirect, Fault::TooLong] {
            for _ in 0..2 * FAILURES {
                assert_eq!(breaker.ended(Some(&fault), now), None, "{fault:?}");
            }
        }
        let _: Vec<_> = (1..FAILURES).map(|_| down(&breaker, now)).collect();
        assert_eq!(breaker.ended(Some(&Fault::Status), now), None);
        assert_eq!(down(&breaker, now), None, "an answer did not end the row");
    }
}
