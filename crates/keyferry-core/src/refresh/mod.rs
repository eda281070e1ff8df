//! When a connection's tokens are refreshed: one rule, how long it waits after a failure, and the order in which connections are due.

mod failure;
mod fingerprint;
mod rule;
mod schedule;

pub use failure::{COOL_DOWN, Failure, LONGEST_RETRY_AFTER};
pub use fingerprint::Fingerprint;
pub use rule::{ConnectionState, MARGIN, Next, Standing, Wanted, next};
pub use schedule::Schedule;

/// A connection's share of every span that is spread, so that those that were made together do not come due together. In 65 536ths.
///
/// It hangs on the connection's id alone, so that the rule stays a function of what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread(u16);

impl Spread {
    /// The share of a thing with this name. Names are random, so any fixed mixing of their letters spreads them.
    #[must_use]
    pub fn of(name: &str) -> Self {
        // FNV-1a (public domain), folded to 16 bits.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let [a, b, c, d, ..] = hash.to_le_bytes();
        Self(u16::from_le_bytes([a ^ c, b ^ d]))
    }

    /// A share that is told, out of 65 536.
    #[must_use]
    pub const fn new(share: u16) -> Self {
        Self(share)
    }

    /// Its part of a span: from nothing to just below all of it.
    pub(crate) fn of_span(self, span: jiff::SignedDuration) -> jiff::SignedDuration {
        let nanos = span.as_nanos() * i128::from(self.0) / 65_536;
        jiff::SignedDuration::from_nanos_i128(nanos)
    }
}
