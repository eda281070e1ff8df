//! The order in which things are due.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

use jiff::Timestamp;

/// When each thing is due next. Setting one and taking the first out cost O(log n).
#[derive(Debug, Clone)]
pub struct Schedule<K> {
    by_time: BTreeSet<(Timestamp, K)>,
    times: HashMap<K, Timestamp>,
}

impl<K: Clone + Ord + Hash> Schedule<K> {
    /// Sets when a thing is due, in place of when it was; never, where no time is given.
    pub fn set(&mut self, thing: K, due: Option<Timestamp>) {
        let before = match due {
            Some(due) => self.times.insert(thing.clone(), due),
            None => self.times.remove(&thing),
        };
        if before == due {
            return;
        }
        if let Some(before) = before {
            // One look-up with the key that is there already.
            let key = (before, thing);
            self.by_time.remove(&key);
            self.by_time.extend(due.map(|due| (due, key.1)));
        } else {
            self.by_time.extend(due.map(|due| (due, thing)));
        }
    }

    /// When the first is due.
    #[must_use]
    pub fn first(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// Takes out the first, where it is due.
    pub fn take_due(&mut self, now: Timestamp) -> Option<K> {
        self.first().filter(|due| *due <= now)?;
        let (_, thing) = self.by_time.pop_first()?;
        self.times.remove(&thing);
        Some(thing)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

impl<K> Default for Schedule<K> {
    fn default() -> Self {
        Self { by_time: BTreeSet::new(), times: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    proptest! {
        #[test]
        fn things_come_out_in_the_order_of_their_last_set_times(
            sets in prop::collection::vec((0..20_u8, prop::option::of(0..50_i64)), 0..200),
            now in 0..50_i64,
        ) {
            let mut schedule = Schedule::default();
            let mut expected = BTreeMap::new();
            for (thing, due) in sets {
                schedule.set(thing, due.map(at));
                match due {
                    Some(due) => drop(expected.insert(thing, due)),
                    None => drop(expected.remove(&thing)),
                }
                prop_assert_eq!(schedule.len(), expected.len());
            }
            let mut due: Vec<_> = expected.iter().filter(|(_, due)| **due <= now).map(|(thing, due)| (*due, *thing)).collect();
            due.sort_unstable();
            let taken: Vec<_> = std::iter::from_fn(|| schedule.take_due(at(now))).collect();
            prop_assert_eq!(taken, due.iter().map(|(_, thing)| *thing).collect::<Vec<_>>());
            prop_assert_eq!(schedule.len(), expected.len() - due.len());
            prop_assert_eq!(schedule.first(), expected.values().filter(|due| **due > now).min().map(|due| at(*due)));
        }
    }
}
