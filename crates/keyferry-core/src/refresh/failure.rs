//! What a failed attempt means for the next one.

use jiff::{SignedDuration, Timestamp};

use super::Spread;
use crate::flow::error::FailureClass;

/// The least time between two attempts of those who want the token now: one that is refused at once must not be asked for in a loop,
/// and a network that is back must not wait for a long pause to end.
pub const COOL_DOWN: SignedDuration = SignedDuration::from_secs(30);

/// The longest `Retry-After` that is obeyed (RFC 9110 §10.2.3). A provider that says "next year" must not end a sign-in by it.
pub const LONGEST_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The first and the longest pause after a failure that may pass. The first is short: where the reply was lost, the spent token is good
/// for seconds at many providers.
const PASSING: (SignedDuration, SignedDuration) =
    (SignedDuration::from_secs(1), SignedDuration::from_mins(15));

/// The same after one that only whoever runs the proxy can mend.
const OPERATOR: (SignedDuration, SignedDuration) =
    (SignedDuration::from_mins(1), SignedDuration::from_hours(1));

/// The last attempt, where it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// What it said about the grant.
    pub class: FailureClass,
    /// How many in a row, this one included.
    pub count: u32,
    /// The pause that the provider asked for.
    pub retry_after: Option<SignedDuration>,
}

impl Failure {
    /// Until when nothing is tried by itself: twice as long after each failure, a little spread, and as long as the provider says.
    pub(super) fn pause(&self, spread: Spread) -> Timestamp {
        let (first, longest) = match self.class {
            FailureClass::Operator => OPERATOR,
            FailureClass::Passing | FailureClass::Definite => PASSING,
        };
        let doubled =
            (1..self.count.min(16)).fold(first, |pause, _| pause.saturating_add(pause).min(longest));
        self.after(doubled.saturating_add(spread.of_span(doubled / 4)))
    }

    /// Until when nobody tries, however much it is wanted.
    pub(super) fn cool_down(&self, spread: Spread) -> Timestamp {
        let own = self.pause(spread).min(self.after(COOL_DOWN));
        own.max(self.asked_for())
    }

    /// Until when the provider wants to be left alone.
    pub(super) fn asked_for(&self) -> Timestamp {
        self.after(self.retry_after.unwrap_or_default().clamp(SignedDuration::ZERO, LONGEST_RETRY_AFTER))
    }

    fn after(&self, pause: SignedDuration) -> Timestamp {
        self.at.checked_add(pause).unwrap_or(Timestamp::MAX)
    }
}
