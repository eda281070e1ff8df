//! The two people who live in the sandbox. They sign in by being picked.

use serde::Serialize;

/// An account of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// Ada Lovelace
    Ada,
    /// Grace Hopper
    Grace,
}

// === impl Person ===

impl Person {
    pub(crate) const ALL: [Self; 2] = [Self::Ada, Self::Grace];

    /// The account's id, as the consent form and `GET /api/me` write it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ada => "ada",
            Self::Grace => "grace",
        }
    }

    /// The name that people read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ada => "Ada Lovelace",
            Self::Grace => "Grace Hopper",
        }
    }

    /// An address in a domain that can receive no mail (RFC 2606).
    #[must_use]
    pub const fn email(self) -> &'static str {
        match self {
            Self::Ada => "ada@sandbox.example",
            Self::Grace => "grace@sandbox.example",
        }
    }

    pub(crate) fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|person| person.id() == id)
    }
}
