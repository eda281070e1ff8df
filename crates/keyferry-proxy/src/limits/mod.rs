//! How often callers may ask, by address and by access key.
//!
//! The generic cell rate algorithm, in this process. A table of fixed size holds the addresses, so that a flood from many of them costs
//! no memory.

pub(crate) mod address;
mod breaker;
mod slots;

use std::{net::IpAddr, time::Duration};

use governor::{DefaultDirectRateLimiter, RateLimiter, clock::Clock};

pub(crate) use self::{breaker::Breaker, slots::Slots};
use crate::{
    config::{Callers, Rate},
    error::ProxyError,
};

/// The limits by address.
pub(crate) struct AddressLimit {
    slots: Option<Slots>,
}

/// The limit of one access key's holders together.
#[derive(Debug)]
pub(crate) struct CallerLimit {
    rate: Rate,
    limiter: DefaultDirectRateLimiter,
}

// === impl AddressLimit ===

impl AddressLimit {
    pub(crate) fn new(callers: &Callers) -> Self {
        Self { slots: callers.per_address.map(|rate| Slots::new(rate.quota())) }
    }

    /// Counts a request. The machine's own programs have no limit: they are the person's, or a web server that was not said to be a
    /// trusted proxy, behind which one limit for all would stop all.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), ProxyError> {
        match &self.slots {
            Some(slots) if !address.to_canonical().is_loopback() => {
                slots.check(&address::household(address)).map_err(too_many)
            }
            _ => Ok(()),
        }
    }
}

// === impl CallerLimit ===

impl CallerLimit {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, limiter: RateLimiter::direct(rate.quota()) }
    }

    /// What it allows.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts a request.
    pub(crate) fn check(&self) -> Result<(), ProxyError> {
        self.limiter.check().map_err(|until| too_many(until.wait_time_from(self.limiter.clock().now())))
    }
}

fn too_many(wait: Duration) -> ProxyError {
    ProxyError::TooMany { retry_after: whole_seconds(wait) }
}

/// A time to wait in whole seconds, never less than it is.
pub(crate) fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(rate: &str) -> AddressLimit {
        AddressLimit::new(&Callers { per_address: Some(rate.parse().unwrap()), ..Callers::default() })
    }

    #[test]
    fn an_address_that_asks_too_often_stops_itself_alone() {
        let limit = limit("3/h");
        let [one, other, own]: [IpAddr; 3] =
            ["192.0.2.1", "192.0.2.2", "127.0.0.1"].map(|text| text.parse().unwrap());
        assert_eq!((0..100).filter(|_| limit.check(one).is_ok()).count(), 3);
        assert!(matches!(limit.check(one), Err(ProxyError::TooMany { retry_after: 1..=1_201 })));
        assert!(limit.check(other).is_ok());
        assert!((0..100).all(|_| limit.check(own).is_ok()));
    }

    #[test]
    fn the_holders_of_a_key_share_its_limit() {
        let limit = CallerLimit::new("2/h".parse().unwrap());
        assert_eq!((0..10).filter(|_| limit.check().is_ok()).count(), 2);
    }
}
