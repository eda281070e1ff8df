//! The id that a request has in the log and in `x-request-id`.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use http::HeaderValue;

/// 64 bits that no other request of this process has in practice. It identifies, and authorises nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId(u64);

/// Makes ids: a counter through a hash that is keyed at random, so that ids of two processes don't collide. A caller's own id is
/// not taken, for it could forge lines of others in the log.
#[derive(Debug, Default)]
pub(crate) struct RequestIds {
    key: RandomState,
    count: AtomicU64,
}

// === impl RequestIds ===

impl RequestIds {
    pub(crate) fn next(&self) -> RequestId {
        RequestId(self.key.hash_one(self.count.fetch_add(1, Ordering::Relaxed)))
    }
}

// === impl RequestId ===

impl RequestId {
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static("none"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}
