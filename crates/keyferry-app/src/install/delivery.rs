//! Which tokens the running servers were given, so that none works on with those before.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use keyferry_core::id::ServerName;

/// The most time before its end at which a token counts as dead: a call that begins now may use it a little later.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// What each running server was given.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<HashMap<ServerName, Delivered>>);

/// What a server was given.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    /// Which tokens: the number grows when they are replaced.
    pub(crate) generation: u64,
    /// Until when they can be used; for ever, or nobody knows how long, without.
    pub(crate) good_until: Option<Timestamp>,
    /// What the server was started with beside its files. One with the same needs no other start for other tokens.
    pub(crate) start: StartDigest,
}

/// A digest of all that a process is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StartDigest(pub(crate) [u8; 32]);

/// Whether a server can be called with what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It has the tokens that are good now.
    Current,
    /// It has those before, which still live.
    Outdated,
    /// What it has is dead, or not known.
    Dead,
}

impl Deliveries {
    /// The server runs with this.
    pub(crate) fn note(&self, server: &ServerName, delivered: Delivered) {
        self.lock().insert(server.clone(), delivered);
    }

    /// The server runs no more, or is about to be started anew.
    pub(crate) fn forget(&self, server: &ServerName) {
        self.lock().remove(server);
    }

    /// What the server has, beside the tokens of this generation.
    pub(crate) fn freshness(&self, server: &ServerName, generation: u64, now: Timestamp) -> Freshness {
        match self.lock().get(server) {
            Some(delivered) if delivered.generation == generation => Freshness::Current,
            Some(delivered) if delivered.good_until.is_none_or(|until| until > now) => Freshness::Outdated,
            _ => Freshness::Dead,
        }
    }

    /// Which tokens the server was given last.
    pub(crate) fn generation(&self, server: &ServerName) -> Option<u64> {
        self.lock().get(server).map(|delivered| delivered.generation)
    }

    /// Whether the server runs with just this start.
    pub(crate) fn was_started_with(&self, server: &ServerName, start: StartDigest) -> bool {
        self.lock().get(server).is_some_and(|delivered| delivered.start == start)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ServerName, Delivered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until when a token that came then and ends then can be handed to a call.
pub(super) fn good_until(received_at: Timestamp, expires_at: Option<Timestamp>) -> Option<Timestamp> {
    let end = expires_at?;
    let life = end.duration_since(received_at).max(SignedDuration::ZERO);
    Some(end.checked_sub(SLACK.min(life / 10)).unwrap_or(Timestamp::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_works_on_with_the_tokens_before_as_long_as_they_live() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (deliveries, server) = (Deliveries::default(), "notes".parse().unwrap());
        assert_eq!(deliveries.freshness(&server, 1, at(0)), Freshness::Dead);
        let good_until = good_until(at(0), Some(at(1000)));
        deliveries.note(&server, Delivered { generation: 1, good_until, start: StartDigest([0; 32]) });
        for (generation, now, freshness) in [
            (1, 0, Freshness::Current),
            // Whether the newest is dead is the connection's to say.
            (1, 2000, Freshness::Current),
            (2, 994, Freshness::Outdated),
            (2, 995, Freshness::Dead),
        ] {
            assert_eq!(deliveries.freshness(&server, generation, at(now)), freshness, "{generation} {now}");
        }
        deliveries.note(&server, Delivered { generation: 1, good_until: None, start: StartDigest([0; 32]) });
        assert_eq!(deliveries.freshness(&server, 2, at(2000)), Freshness::Outdated);
        assert!(deliveries.was_started_with(&server, StartDigest([0; 32])));
        assert!(!deliveries.was_started_with(&server, StartDigest([1; 32])));
        deliveries.forget(&server);
        assert_eq!(deliveries.freshness(&server, 1, at(0)), Freshness::Dead);
    }

    #[test]
    fn a_short_life_has_a_short_slack() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(good_until(at(0), Some(at(10))), Some(at(9)));
        assert_eq!(good_until(at(0), Some(at(3600))), Some(at(3595)));
        assert_eq!(good_until(at(0), None), None);
    }
}
