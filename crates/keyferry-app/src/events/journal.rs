//! The changes in the order in which they were told, the newest of each thing alone.

use std::collections::{BTreeMap, HashMap};

use super::Change;

/// Things whose changes are kept. A listener that has missed more starts anew.
const MOST: usize = 1024;

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Journal {
    changes: BTreeMap<u64, Change>,
    numbers: HashMap<Change, u64>,
    /// The number of the newest change.
    newest: u64,
    /// The highest number of those that are not known any more.
    forgotten: u64,
}

// === impl Journal ===

impl Journal {
    /// Adds a change, and gives its number. It takes the place of an earlier one of the same thing.
    pub(super) fn add(&mut self, change: Change) -> u64 {
        self.newest += 1;
        if let Some(before) = self.numbers.insert(change.clone(), self.newest) {
            self.changes.remove(&before);
        }
        self.changes.insert(self.newest, change);
        if self.changes.len() > MOST
            && let Some((number, oldest)) = self.changes.pop_first()
        {
            self.numbers.remove(&oldest);
            self.forgotten = number;
        }
        self.newest
    }

    /// Forgets all of them.
    pub(super) fn lose(&mut self) -> u64 {
        self.newest += 1;
        self.forgotten = self.newest;
        self.changes.clear();
        self.numbers.clear();
        self.newest
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// The changes after a number, oldest first; nothing where some of them are not known any more, or the number never was.
    pub(super) fn since(&self, number: u64) -> Option<impl Iterator<Item = (u64, &Change)>> {
        let known = (self.forgotten..=self.newest).contains(&number);
        known.then(|| self.changes.range(number + 1..).map(|(number, change)| (*number, change)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyferry_core::id::ServerName;

    fn server(number: usize) -> Change {
        Change::Server(format!("server-{number}").parse::<ServerName>().unwrap())
    }

    fn since(journal: &Journal, number: u64) -> Option<Vec<Change>> {
        journal.since(number).map(|changes| changes.map(|(_, change)| change.clone()).collect())
    }

    #[test]
    fn the_newest_change_of_a_thing_stands_for_those_before() {
        let mut journal = Journal::default();
        for number in [1, 2, 1] {
            journal.add(server(number));
        }
        assert_eq!(since(&journal, 0), Some(vec![server(2), server(1)]));
        assert_eq!(since(&journal, 2), Some(vec![server(1)]));
        assert_eq!(since(&journal, 3), Some(Vec::new()));
    }

    #[test]
    fn who_missed_more_than_is_kept_is_told_so() {
        let mut journal = Journal::default();
        for number in 0..MOST + 2 {
            journal.add(server(number));
        }
        assert_eq!(journal.changes.len(), MOST);
        assert_eq!(journal.numbers.len(), MOST);
        assert_eq!(since(&journal, 1), None);
        assert_eq!(since(&journal, 2).map(|changes| changes.len()), Some(MOST));
    }

    #[test]
    fn what_was_lost_is_known_to_nobody_and_what_comes_after_is() {
        let mut journal = Journal::default();
        let before = journal.add(Change::Providers);
        let lost = journal.lose();
        assert_eq!(since(&journal, before), None);
        assert_eq!(since(&journal, lost), Some(Vec::new()));
        journal.add(Change::Clients);
        assert_eq!(since(&journal, lost), Some(vec![Change::Clients]));
    }

    #[test]
    fn a_number_that_never_was_is_none_of_this_journal() {
        let mut journal = Journal::default();
        journal.add(Change::Providers);
        assert_eq!(since(&journal, 2), None);
        assert_eq!(since(&journal, u64::MAX), None);
    }
}
