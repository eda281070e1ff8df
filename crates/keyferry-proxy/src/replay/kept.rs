//! The answers that are kept: sealed, for some minutes, and no more than fit.
//!
//! All live equally long, so that they expire in the order in which they came, and a queue is all the bookkeeping. When there is no
//! room, the oldest goes, and refusals go before tokens: else who sends nonsense with ever new keys would push the tokens of others out. One
//! exchange brings no more than its first few keys (`under_way.rs`).

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use super::{
    Answer,
    answer::read,
    key::{Keeper, Place},
};
use crate::{clock::Moment, config::Limits, error::ProxyError};

/// What one entry takes beside its sealed answer, in bytes: its place twice, its fingerprint, its time, and room in the tables.
const OVERHEAD: usize = 256;

/// The answers, by place.
pub(super) struct Kept {
    entries: HashMap<Place, Entry>,
    /// Oldest first.
    tokens: VecDeque<Place>,
    /// Oldest first.
    refusals: VecDeque<Place>,
    bytes: usize,
    life: Duration,
    most_entries: usize,
    most_bytes: usize,
}

/// One answer.
pub(super) struct Entry {
    fingerprint: [u8; 32],
    sealed: Box<[u8]>,
    kept_at: Moment,
}

// === impl Kept ===

impl Kept {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            entries: HashMap::new(),
            tokens: VecDeque::new(),
            refusals: VecDeque::new(),
            bytes: 0,
            life: limits.replay_life,
            most_entries: limits.replay_entries,
            most_bytes: limits.replay_bytes,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, place: Place) -> Option<&Entry> {
        self.entries.get(&place)
    }

    /// Keeps an answer, and makes room for it. One that alone is more than fits is not kept, nor is any where none is to be.
    pub(super) fn insert(&mut self, keeper: &Keeper, sealed: Box<[u8]>, is_tokens: bool, kept_at: Moment) {
        let size = sealed.len() + OVERHEAD;
        let place = keeper.place();
        let fits = size <= self.most_bytes && self.most_entries > 0 && !self.life.is_zero();
        if !fits || self.entries.contains_key(&place) {
            return;
        }
        while self.entries.len() >= self.most_entries || self.bytes + size > self.most_bytes {
            let Some(oldest) = self.refusals.pop_front().or_else(|| self.tokens.pop_front()) else { return };
            self.remove(oldest);
        }
        self.bytes += size;
        self.entries.insert(place, Entry { fingerprint: keeper.fingerprint(), sealed, kept_at });
        if is_tokens { self.tokens.push_back(place) } else { self.refusals.push_back(place) }
    }

    /// Lets go of what has been kept long enough.
    pub(super) fn expire(&mut self, now: Moment) {
        let (life, entries) = (self.life, &self.entries);
        let is_over = |place: &Place| entries.get(place).is_none_or(|entry| now.since(entry.kept_at) >= life);
        let over = |queue: &VecDeque<Place>| queue.iter().take_while(|place| is_over(place)).count();
        let (tokens, refusals) = (over(&self.tokens), over(&self.refusals));
        let places: Vec<_> = self.tokens.drain(..tokens).chain(self.refusals.drain(..refusals)).collect();
        for place in places {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: Place) {
        if let Some(entry) = self.entries.remove(&place) {
            self.bytes -= entry.sealed.len() + OVERHEAD;
        }
    }
}

#[cfg(test)]
impl Kept {
    /// All bytes that are kept, for tests of what they hold.
    pub(super) fn everything(&self) -> Vec<u8> {
        let entry = |(place, entry): (&Place, &Entry)| {
            [&place.as_bytes()[..], &entry.fingerprint, &entry.sealed].concat()
        };
        self.entries.iter().flat_map(entry).collect()
    }
}

// === impl Entry ===

impl Entry {
    pub(super) const fn kept_at(&self) -> Moment {
        self.kept_at
    }

    /// The answer, for the request that it belongs to.
    ///
    /// # Errors
    /// [`ProxyError::KeyReused`] for another request.
    pub(super) fn open(&self, keeper: &Keeper) -> Result<Answer, ProxyError> {
        if self.fingerprint != keeper.fingerprint() {
            return Err(ProxyError::KeyReused);
        }
        let plaintext = keeper.open(&self.sealed).ok_or(ProxyError::Internal)?;
        read(&plaintext).ok_or(ProxyError::Internal)
    }
}

#[cfg(test)]
mod tests {
    use keyferry_core::idempotency_key::IdempotencyKey;

    use super::*;
    use crate::{admission::Caller, clock::Clock, replay::Identity};

    fn keeper(key: u8) -> Keeper {
        let key = IdempotencyKey::from_entropy([key; 32]);
        Keeper::new(&Caller::of_test("ada"), &key, Identity::of_test(1)).unwrap()
    }

    fn kept(replay_entries: usize, replay_bytes: usize) -> Kept {
        let replay_life = Duration::from_secs(600);
        Kept::new(&Limits { replay_life, replay_entries, replay_bytes, ..Limits::default() })
    }

    fn insert(kept: &mut Kept, key: u8, is_tokens: bool, at: Moment) {
        kept.insert(&keeper(key), vec![0; 100].into(), is_tokens, at);
    }

    fn holds(kept: &Kept) -> Vec<u8> {
        (0..20).filter(|key| kept.get(keeper(*key).place()).is_some()).collect()
    }

    #[test]
    fn when_it_is_full_the_oldest_goes_and_refusals_go_first() {
        let now = Clock::system().moment();
        let size = 100 + OVERHEAD;
        for mut kept in [kept(3, 1_000_000), kept(1_000, 3 * size + 1)] {
            for (key, is_tokens) in [(0, true), (1, false), (2, true)] {
                insert(&mut kept, key, is_tokens, now);
            }
            assert_eq!((holds(&kept), kept.bytes()), (vec![0, 1, 2], 3 * size));
            insert(&mut kept, 3, true, now);
            assert_eq!(holds(&kept), [0, 2, 3]);
            insert(&mut kept, 4, false, now);
            assert_eq!(holds(&kept), [2, 3, 4]);
            insert(&mut kept, 5, false, now);
            assert_eq!((holds(&kept), kept.len(), kept.bytes()), (vec![2, 3, 5], 3, 3 * size));
        }
    }

    #[test]
    fn what_alone_is_too_much_pushes_nothing_out() {
        let now = Clock::system().moment();
        let mut small = kept(10, 2 * (100 + OVERHEAD));
        insert(&mut small, 1, true, now);
        small.insert(&keeper(2), vec![0; 1_000].into(), true, now);
        assert_eq!(holds(&small), [1]);
        for mut none in [kept(0, 1_000), kept(10, 0)] {
            insert(&mut none, 1, true, now);
            assert_eq!((none.len(), none.bytes()), (0, 0));
        }
    }

    #[test]
    fn each_is_kept_its_time_and_no_longer() {
        let start = Clock::system().moment();
        let at = |seconds| start.after(Duration::from_secs(seconds));
        let mut kept = kept(10, 1_000_000);
        insert(&mut kept, 1, true, at(0));
        insert(&mut kept, 2, false, at(100));
        insert(&mut kept, 3, true, at(200));
        kept.expire(at(599));
        assert_eq!(holds(&kept), [1, 2, 3]);
        kept.expire(at(600));
        assert_eq!(holds(&kept), [2, 3]);
        kept.expire(at(799));
        assert_eq!(holds(&kept), [3]);
        kept.expire(at(800));
        assert_eq!((kept.len(), kept.bytes(), kept.tokens.len(), kept.refusals.len()), (0, 0, 0, 0));
    }
}
