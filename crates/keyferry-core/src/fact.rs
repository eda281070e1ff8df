//! Facts of a connection beside its tokens: what the person was asked for, and what the provider told.

use std::collections::BTreeMap;

use crate::{id::FactName, secret::SecretText};

/// The most facts of one kind that a connection has.
pub const MOST_FACTS: usize = 64;

/// The longest fact, in bytes.
pub const LONGEST_FACT: usize = 8 * 1024;

/// Named texts. Some services put a further token among them, so all are secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<FactName, SecretText>);

impl Facts {
    /// The fact of this name.
    #[must_use]
    pub fn get(&self, name: &FactName) -> Option<&SecretText> {
        self.0.get(name)
    }

    /// Keeps a fact; one of the same name is replaced. Says whether there was room and the text not too long.
    pub fn insert(&mut self, name: FactName, text: SecretText) -> bool {
        let fits = text.expose_secret().len() <= LONGEST_FACT
            && (self.0.len() < MOST_FACTS || self.0.contains_key(&name));
        if fits {
            self.0.insert(name, text);
        }
        fits
    }

    /// Takes over all facts of another set; they replace those of the same name.
    pub fn extend(&mut self, others: Facts) {
        for (name, text) in others.0 {
            self.insert(name, text);
        }
    }

    /// The facts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&FactName, &SecretText)> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(FactName, SecretText)> for Facts {
    fn from_iter<I: IntoIterator<Item = (FactName, SecretText)>>(facts: I) -> Self {
        let mut set = Self::default();
        for (name, text) in facts {
            set.insert(name, text);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_bounded_and_never_printed() {
        let name = |number: usize| format!("n{number}").parse::<FactName>().unwrap();
        let mut facts = Facts::default();
        for number in 0..MOST_FACTS {
            assert!(facts.insert(name(number), SecretText::new("canary").unwrap()));
        }
        assert!(!facts.insert(name(MOST_FACTS), SecretText::new("x").unwrap()));
        assert!(facts.insert(name(0), SecretText::new("y").unwrap()), "a known one may change");
        assert!(!facts.insert(name(0), SecretText::new("x".repeat(LONGEST_FACT + 1)).unwrap()));
        assert_eq!(facts.get(&name(0)).unwrap().expose_secret(), "y");
        assert!(!format!("{facts:?}").contains("canary"));
    }
}
