//! The one place that asks for the time.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;

/// Tells the time. A test hands in one that it moves itself.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

/// A moment by two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    wall: Timestamp,
    steady: Instant,
}

// === impl Clock ===

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(now)
    }

    /// A clock of one's own.
    #[must_use]
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// The time, to measure from.
    pub(crate) fn moment(&self) -> Moment {
        Moment { wall: self.now(), steady: Instant::now() }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Clock")
    }
}

// === impl Moment ===

impl Moment {
    /// How long ago `earlier` was, by the clock that says more: the steady one may stand still while the machine sleeps, and the wall
    /// clock may be set back.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let wall = Duration::try_from(self.wall.duration_since(earlier.wall)).unwrap_or_default();
        wall.max(self.steady.saturating_duration_since(earlier.steady))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the proxy's edge; everything else takes the time as an argument"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
impl Moment {
    /// A moment that is so far behind this one.
    pub(crate) fn after(self, wall: Duration) -> Self {
        Self { wall: self.wall.checked_add(wall).unwrap(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_clock_that_is_set_back_nor_one_that_sleeps_makes_a_moment_younger() {
        let start = Clock::system().moment();
        let hour = Duration::from_secs(3_600);
        assert_eq!(start.after(hour).since(start), hour);
        let set_back = Moment { wall: start.wall - hour, steady: start.steady + hour * 2 };
        assert_eq!(set_back.since(start), hour * 2);
        let slept = Moment { wall: start.wall + hour, steady: start.steady };
        assert_eq!(slept.since(start), hour);
        assert_eq!(start.since(slept), Duration::ZERO);
    }
}
