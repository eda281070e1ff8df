//! Sessions that are open.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::{Notice, SessionKey};

/// How long a session lives that nobody uses. A page that is open uses it: its stream of news comes again and again.
pub(super) const IDLE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a session lives at most.
pub(super) const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Sessions at once: a person's browsers. The one that was unused the longest makes room.
pub(super) const MOST: usize = 32;

/// How long a word waits for the page that it was left for.
pub(super) const WAITS: Duration = Duration::from_secs(60);

/// How long a word is told again after it was told: of two navigations to one page, close together, a browser shows the second.
pub(super) const AGAIN: Duration = Duration::from_secs(2);

/// The open sessions.
#[derive(Debug, Default)]
pub(super) struct Open(HashMap<SessionKey, Session>);

struct Session {
    form_token: String,
    begun: Instant,
    used: Instant,
    word: Option<Word>,
}

/// A word that was left for the page at an address.
struct Word {
    at: String,
    notice: Notice,
    until: Instant,
    told: bool,
}

// === impl Open ===

impl Open {
    pub(super) fn add(&mut self, key: SessionKey, form_token: String, now: Instant) {
        self.0.retain(|_, session| session.lives(now));
        if self.0.len() >= MOST
            && let Some(idle) = self.0.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        {
            self.0.remove(&idle);
        }
        self.0.insert(key, Session { form_token, begun: now, used: now, word: None });
    }

    /// Notes that a session is used, and says whether there is one.
    pub(super) fn touch(&mut self, key: SessionKey, now: Instant) -> bool {
        match self.0.get_mut(&key) {
            Some(session) if session.lives(now) => {
                session.used = now;
                true
            }
            _ => {
                self.0.remove(&key);
                false
            }
        }
    }

    pub(super) fn form_token(&self, key: SessionKey) -> Option<&str> {
        self.0.get(&key).map(|session| session.form_token.as_str())
    }

    pub(super) fn remove(&mut self, key: SessionKey) {
        self.0.remove(&key);
    }

    pub(super) fn tell(&mut self, key: SessionKey, at: String, notice: Notice, now: Instant) {
        if let Some(session) = self.0.get_mut(&key) {
            session.word = Some(Word { at, notice, until: now + WAITS, told: false });
        }
    }

    pub(super) fn told(&mut self, key: SessionKey, at: &str, now: Instant) -> Option<Notice> {
        let word = self.0.get_mut(&key)?.word.as_mut().filter(|word| word.at == at && now < word.until)?;
        if !word.told {
            (word.told, word.until) = (true, now + AGAIN);
        }
        Some(word.notice.clone())
    }
}

impl Session {
    fn lives(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE && now.duration_since(self.begun) < LIFE
    }
}

/// The token is a secret of the session's.
impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Session")
    }
}
