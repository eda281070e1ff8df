//! How a connection does, in a word: what the rule makes of it, for people.

use jiff::Timestamp;
use keyferry_core::refresh::{Next, Wanted};

use super::Connections;
use crate::vault::{ConnectionRecord, ConnectionState};

/// How a connection does, and when something is done about it by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The word.
    pub word: HealthWord,
    /// When it is refreshed, or its provider told, at the soonest.
    pub next_attempt_at: Option<Timestamp>,
}

/// How a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthWord {
    /// Its token is good.
    Good,
    /// Its token is about to end, or has ended, and is refreshed now.
    Due,
    /// Its token is to be refreshed, and the last attempt failed in a way that may pass.
    Failing,
    /// Its token is to be refreshed, and its provider wants to be left alone for a while, or does not answer.
    Resting,
    /// It was refreshed, and the vault could not take the new tokens yet.
    Unsaved,
    /// Only the person can mend it.
    NeedsSignIn,
    /// It is ended here, and the provider is still to be told.
    RevocationPending,
}

impl HealthWord {
    /// The word for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Due => "due",
            Self::Failing => "failing",
            Self::Resting => "resting",
            Self::Unsaved => "unsaved",
            Self::NeedsSignIn => "needs_sign_in",
            Self::RevocationPending => "revocation_pending",
        }
    }
}

impl Connections {
    /// How a connection does.
    #[must_use]
    pub fn health(&self, record: &ConnectionRecord) -> Health {
        let unsaved = self.0.unsaved.holds(&record.id);
        let ahead = self.0.next(record, unsaved, Wanted::Ahead);
        let next_attempt_at = match ahead {
            Next::Rest(at) => at,
            Next::Wait(at) => Some(at),
            Next::Refresh | Next::Revoke => Some(self.0.now()),
            Next::SignIn => None,
        };
        let word = match (record.state, ahead) {
            (ConnectionState::RevocationPending, _) => HealthWord::RevocationPending,
            _ if self.0.next(record, unsaved, Wanted::Use) == Next::SignIn => HealthWord::NeedsSignIn,
            _ if unsaved => HealthWord::Unsaved,
            (_, Next::Wait(_)) if record.failure.is_some() => HealthWord::Failing,
            (_, Next::Wait(_)) => HealthWord::Resting,
            (_, Next::Refresh) => HealthWord::Due,
            _ => HealthWord::Good,
        };
        Health { word, next_attempt_at }
    }
}
