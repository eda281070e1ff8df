//! The rule: from what is known of a connection and the time to what is done next. Nothing else decides it.

use jiff::{SignedDuration, Timestamp};

use super::{Failure, Spread};

/// The most time before its end at which a token is refreshed, where its provider file does not say. A call that starts now may still
/// use the token a while later.
pub const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// How far a clock may be behind what it said before. Beyond that it was set back, and says nothing about a token's age.
const SET_BACK: SignedDuration = SignedDuration::from_mins(5);

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// It can be used.
    Active,
    /// The provider no longer honours it. Nothing is deleted.
    NeedsSignIn,
    /// The person ended it, and the provider has still to be told.
    RevocationPending,
}

impl ConnectionState {
    /// The state as a stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NeedsSignIn => "needs_sign_in",
            Self::RevocationPending => "revocation_pending",
        }
    }

    /// The state that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::NeedsSignIn, Self::RevocationPending]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// What is known of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub state: ConnectionState,
    /// When its access token came.
    pub received_at: Timestamp,
    /// When that ends; none where the provider does not say.
    pub expires_at: Option<Timestamp>,
    /// Whether there is a refresh token, and a provider that takes it.
    pub refreshable: bool,
    /// The provider file's `refresh_margin`.
    pub margin: Option<SignedDuration>,
    /// Whether the refresh token was sent, and what came of it is not known.
    pub interrupted: bool,
    /// The last attempt, where it failed.
    pub failure: Option<Failure>,
    /// Until when its provider wants to be left alone, whichever connection it told so.
    pub provider_rests_until: Option<Timestamp>,
    /// Until when its provider is taken to be down, for nothing came of asking it for other connections.
    pub provider_down_until: Option<Timestamp>,
    /// Its share of what is spread.
    pub spread: Spread,
}

/// Why it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// To keep the token fresh ahead of its use.
    Ahead,
    /// To use the token now.
    Use,
    /// To have another token, whether this one is good or not: the person says so, or its service refused it.
    Another,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing before this time; nothing at all by itself where there is none.
    Rest(Option<Timestamp>),
    /// Refresh now.
    Refresh,
    /// It is due; but nothing is tried before this time, because of a failure.
    Wait(Timestamp),
    /// Tell the provider now that the grant is over.
    Revoke,
    /// Ask the person.
    SignIn,
}

/// What to do next with a connection.
///
/// A token is refreshed `margin` before its end, or a tenth of its life where that is less, so that one with a life of seconds is not
/// refreshed all the time. Ahead of its use it is refreshed up to as long again before that, each connection at its own time. One without
/// a known end is used until somebody is told that it is dead. A refresh that was cut off is taken up at once: what came of it may be had
/// for a little while only.
#[must_use]
pub fn next(standing: &Standing, wanted: Wanted, now: Timestamp) -> Next {
    match standing.state {
        ConnectionState::NeedsSignIn => Next::SignIn,
        ConnectionState::RevocationPending => {
            standing.held_back(wanted, now).map_or(Next::Revoke, Next::Wait)
        }
        ConnectionState::Active if !standing.refreshable => standing.while_it_lasts(wanted, now),
        ConnectionState::Active => match standing.due(wanted, now) {
            Some(due) if due <= now => standing.held_back(wanted, now).map_or(Next::Refresh, Next::Wait),
            later => Next::Rest(later),
        },
    }
}

impl Standing {
    /// Whether its access token can still be used.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.state == ConnectionState::Active && self.expires_at.is_none_or(|end| end > now)
    }

    /// When it is to be refreshed.
    fn due(&self, wanted: Wanted, now: Timestamp) -> Option<Timestamp> {
        if self.interrupted || wanted == Wanted::Another {
            return Some(now);
        }
        let end = self.expires_at?;
        if was_set_back(self.received_at, now) {
            return Some(now);
        }
        let life = end.duration_since(self.received_at).max(SignedDuration::ZERO);
        let margin = self.margin.unwrap_or(MARGIN).clamp(SignedDuration::ZERO, life / 10);
        let ahead = match wanted {
            Wanted::Ahead => self.spread.of_span(margin),
            Wanted::Use | Wanted::Another => SignedDuration::ZERO,
        };
        Some(end.checked_sub(margin.saturating_add(ahead)).unwrap_or(Timestamp::MIN))
    }

    /// A token that can't be refreshed serves until its end, and nobody is asked before it is needed.
    fn while_it_lasts(&self, wanted: Wanted, now: Timestamp) -> Next {
        match wanted {
            Wanted::Ahead => Next::Rest(None),
            Wanted::Use if self.is_alive(now) => Next::Rest(self.expires_at),
            Wanted::Use | Wanted::Another => Next::SignIn,
        }
    }

    /// Until when nothing is tried. A failure that lies in the future was noted by a clock that has been set back since, and holds
    /// nothing back.
    fn held_back(&self, wanted: Wanted, now: Timestamp) -> Option<Timestamp> {
        let failure = self.failure.filter(|failure| !was_set_back(failure.at, now));
        let own = failure.map(|failure| match wanted {
            Wanted::Ahead => failure.pause(self.spread).max(failure.asked_for()),
            Wanted::Use => failure.cool_down(self.spread),
            Wanted::Another => failure.asked_for(),
        });
        let down = self.provider_down_until.filter(|_| wanted != Wanted::Another);
        own.max(down).max(self.provider_rests_until).filter(|until| *until > now)
    }
}

fn was_set_back(before: Timestamp, now: Timestamp) -> bool {
    before.duration_since(now) > SET_BACK
}

#[cfg(test)]
mod tests;
