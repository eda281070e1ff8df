//! The notes themselves: per account, in memory, bounded.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::people::Person;

/// Longest note, in bytes.
const LONGEST_NOTE: usize = 4096;

/// One note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Note {
    id: usize,
    text: String,
    created_at: Timestamp,
}

/// All notes of all accounts.
#[derive(Debug)]
pub(crate) struct Notes {
    by_person: Mutex<HashMap<Person, Vec<Note>>>,
    most: usize,
}

/// A note was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoteError {
    #[error("a note has between 1 and {LONGEST_NOTE} bytes")]
    Length,
    #[error("the account has as many notes as it can have")]
    Full,
}

// === impl Notes ===

impl Notes {
    pub(crate) fn new(most: usize) -> Self {
        Self { by_person: Mutex::new(HashMap::new()), most }
    }

    /// The account's notes, oldest first.
    pub(crate) fn of(&self, person: Person) -> Vec<Note> {
        let by_person = self.by_person.lock().unwrap_or_else(PoisonError::into_inner);
        by_person.get(&person).cloned().unwrap_or_default()
    }

    /// Adds a note.
    pub(crate) fn add(&self, person: Person, text: String, now: Timestamp) -> Result<Note, NoteError> {
        if text.is_empty() || text.len() > LONGEST_NOTE {
            return Err(NoteError::Length);
        }
        let mut by_person = self.by_person.lock().unwrap_or_else(PoisonError::into_inner);
        let notes = by_person.entry(person).or_default();
        if notes.len() >= self.most {
            return Err(NoteError::Full);
        }
        let note = Note { id: notes.len() + 1, text, created_at: now };
        notes.push(note.clone());
        Ok(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_in_length_and_number() {
        let notes = Notes::new(1);
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(notes.add(Person::Ada, String::new(), now), Err(NoteError::Length));
        assert_eq!(notes.add(Person::Ada, "x".repeat(4097), now), Err(NoteError::Length));
        assert!(notes.add(Person::Ada, "x".repeat(4096), now).is_ok());
        assert_eq!(notes.add(Person::Ada, "one more".to_owned(), now), Err(NoteError::Full));
        assert!(notes.add(Person::Grace, "her first".to_owned(), now).is_ok());
    }
}
