//! One-time links.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::SessionKey;

/// How long a link is good for: the time to switch to a browser.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// Links at once. A person opens one; the oldest makes room.
const MOST: usize = 16;

/// Links that nobody has opened yet.
#[derive(Debug, Default)]
pub(super) struct Links(HashMap<SessionKey, Instant>);

// === impl Links ===

impl Links {
    pub(super) fn add(&mut self, link: SessionKey, now: Instant) {
        self.0.retain(|_, made| now.duration_since(*made) < LIFE);
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.iter().min_by_key(|(_, made)| **made).map(|(link, _)| *link)
        {
            self.0.remove(&oldest);
        }
        self.0.insert(link, now);
    }

    /// Whether the link was good. It is no more.
    pub(super) fn spend(&mut self, link: SessionKey, now: Instant) -> bool {
        self.0.remove(&link).is_some_and(|made| now.duration_since(made) < LIFE)
    }
}
