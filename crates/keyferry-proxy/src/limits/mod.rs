//! How often callers may ask, by address and by access key.
//!
//! The generic cell rate algorithm, in a store that several proxies share, or in this process. There a table of fixed size holds the
//! addresses, so that a flood from many of them costs no memory.

pub(crate) mod address;
mod breaker;
mod slots;
mod store;

use std::{net::IpAddr, sync::Arc, time::Duration};

use governor::{DefaultDirectRateLimiter, RateLimiter, clock::Clock};

pub(crate) use self::{breaker::Breaker, slots::Slots, store::Store};
use crate::{
    config::{Callers, Rate},
    error::ProxyError,
};

/// The limits by address.
pub(crate) struct AddressLimit {
    rate: Option<(Rate, Slots)>,
    store: Option<Arc<Store>>,
}

/// The limit of one access key's holders together.
pub(crate) struct CallerLimit {
    name: Arc<str>,
    rate: Rate,
    limiter: DefaultDirectRateLimiter,
    store: Option<Arc<Store>>,
}

// === impl AddressLimit ===

impl AddressLimit {
    pub(crate) fn new(callers: &Callers, store: Option<Arc<Store>>) -> Self {
        Self { rate: callers.per_address.map(|rate| (rate, Slots::new(rate.quota()))), store }
    }

    /// Counts a request. The machine's own programs have no limit: they are the person's, or a web server that was not said to be a
    /// trusted proxy, behind which one limit for all would stop all.
    pub(crate) async fn check(&self, address: IpAddr) -> Result<(), ProxyError> {
        let Some((rate, slots)) = &self.rate else { return Ok(()) };
        let address = address::household(address);
        if address.is_loopback() {
            return Ok(());
        }
        let shared = match &self.store {
            Some(store) => store.take(format!("address:{address}"), *rate).await,
            None => None,
        };
        shared.unwrap_or_else(|| slots.check(&address)).map_err(too_many)
    }
}

// === impl CallerLimit ===

impl CallerLimit {
    pub(crate) fn new(name: &Arc<str>, rate: Rate, store: Option<Arc<Store>>) -> Self {
        Self { name: Arc::clone(name), rate, limiter: RateLimiter::direct(rate.quota()), store }
    }

    /// What it allows.
    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts a request.
    pub(crate) async fn check(&self) -> Result<(), ProxyError> {
        let shared = match &self.store {
            Some(store) => store.take(format!("key:{}:{}", self.name, self.rate), self.rate).await,
            None => None,
        };
        let here = || self.limiter.check().map_err(|until| until.wait_time_from(self.limiter.clock().now()));
        shared.unwrap_or_else(here).map_err(too_many)
    }
}

impl std::fmt::Debug for CallerLimit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "CallerLimit({}, {})", self.name, self.rate)
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
        AddressLimit::new(&Callers { per_address: Some(rate.parse().unwrap()), ..Callers::default() }, None)
    }

    async fn passed(limit: &AddressLimit, address: &str, count: usize) -> usize {
        let mut passed = 0;
        for _ in 0..count {
            passed += usize::from(limit.check(address.parse().unwrap()).await.is_ok());
        }
        passed
    }

    #[tokio::test]
    async fn an_address_that_asks_too_often_stops_itself_alone() {
        let limit = limit("3/h");
        assert_eq!(passed(&limit, "192.0.2.1", 100).await, 3);
        let refused = limit.check("192.0.2.1".parse().unwrap()).await;
        assert!(matches!(refused, Err(ProxyError::TooMany { retry_after: 1..=1_201 })));
        assert_eq!(passed(&limit, "192.0.2.2", 1).await, 1);
        assert_eq!(passed(&limit, "127.0.0.1", 100).await, 100);
        assert_eq!(passed(&limit, "::ffff:127.0.0.1", 100).await, 100);
        assert_eq!(passed(&limit, "2001:db8::1", 2).await + passed(&limit, "2001:db8::2", 2).await, 3);
    }

    #[tokio::test]
    async fn the_holders_of_a_key_share_its_limit() {
        let limit = CallerLimit::new(&"ada".into(), "2/h".parse().unwrap(), None);
        let mut passed = 0;
        for _ in 0..10 {
            passed += usize::from(limit.check().await.is_ok());
        }
        assert_eq!(passed, 2);
    }
}
