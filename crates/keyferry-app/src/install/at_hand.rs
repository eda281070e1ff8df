//! Servers that were found ready a moment ago, so that a call of one costs no look into the vault.
//!
//! What was found holds until something was written to the vault in this process, until the token is due, and for a second at most: then
//! what other processes have done to the vault is seen as well.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use keyferry_core::id::ServerName;

use crate::vault::Version;

/// How long a look into the vault holds at most.
const LONGEST: SignedDuration = SignedDuration::from_secs(1);

/// What was found of each server.
#[derive(Debug, Default)]
pub(crate) struct AtHand(Mutex<HashMap<ServerName, Found>>);

/// A server that was ready.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// The vault in which it was looked up. To be asked for before the look.
    pub(super) vault: Version,
    pub(super) at: Timestamp,
    /// When its token is to be refreshed; never, where it has none or that has no known end.
    pub(super) due: Option<Timestamp>,
    /// Which tokens it has; none without a connection.
    pub(super) generation: Option<u64>,
}

impl AtHand {
    pub(super) fn note(&self, server: &ServerName, found: Found) {
        self.lock().insert(server.clone(), found);
    }

    /// What was found of a server, where that still holds.
    pub(super) fn look(&self, server: &ServerName, vault: Version, now: Timestamp) -> Option<Found> {
        let found = *self.lock().get(server)?;
        found.holds(vault, now).then_some(found)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ServerName, Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Found {
    fn holds(&self, vault: Version, now: Timestamp) -> bool {
        // A clock that was set back says nothing.
        let age = now.duration_since(self.at);
        let is_young = !age.is_negative() && age < LONGEST;
        is_young && self.vault == vault && self.due.is_none_or(|due| now < due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_holds_until_a_write_or_the_token_is_due_and_not_for_long() {
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        let (before, after) = (Version::of_changes(1), Version::of_changes(2));
        let found = |due| Found { vault: before, at: at(1_000), due, generation: Some(1) };
        let due = Some(at(1_500));
        for (found, vault, now, holds) in [
            (found(None), before, 1_000, true),
            (found(None), before, 1_999, true),
            (found(None), before, 2_000, false),
            (found(None), before, 999, false),
            (found(None), after, 1_000, false),
            (found(due), before, 1_499, true),
            (found(due), before, 1_500, false),
        ] {
            assert_eq!(found.holds(vault, at(now)), holds, "{found:?} {vault:?} {now}");
        }
        let (hand, server) = (AtHand::default(), "notes".parse().unwrap());
        assert!(hand.look(&server, before, at(1_000)).is_none());
        hand.note(&server, found(None));
        assert!(hand.look(&server, before, at(1_000)).is_some());
        assert!(hand.look(&server, after, at(1_000)).is_none());
    }
}
