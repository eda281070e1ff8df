//! Who may look at the pages: browsers that came in by a one-time link.
//!
//! A program with the data folder's token asks for a link; the browser that opens it gets a session, whose cookie no page can read and
//! no other site can have sent. Sessions live in memory: they end with the app, and nothing of them lies in a file. What is kept of a
//! link or a cookie is its digest.

mod cookie;
mod links;
mod notice;
mod open;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

pub(crate) use cookie::{CookieName, find as find_cookie, set as set_cookie};
pub(crate) use notice::{Notice, Tone};

use links::Links;
use open::Open;

use crate::entropy::Entropy;

/// The digest of a link's code or of a session's cookie. It opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey([u8; 32]);

impl SessionKey {
    fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

/// All sessions of this app.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    links: Links,
    open: Open,
}

// === impl Sessions ===

impl Sessions {
    /// The code of a new link. Good once, for some minutes.
    pub(crate) fn link(&self, entropy: &Entropy) -> String {
        let code = URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
        self.lock().links.add(SessionKey::of(&code), Instant::now());
        code
    }

    /// Spends a link's code for a session, and gives the text of its cookie. Nothing for a code that was never given out, was spent, or is
    /// too old.
    pub(crate) fn redeem(&self, code: &str, entropy: &Entropy) -> Option<String> {
        let mut inner = self.lock();
        let now = Instant::now();
        if !inner.links.spend(SessionKey::of(code), now) {
            return None;
        }
        let cookie = URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
        let form_token = URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
        inner.open.add(SessionKey::of(&cookie), form_token, now);
        Some(cookie)
    }

    /// The session whose cookie this is, used now.
    pub(crate) fn find(&self, cookie: &str) -> Option<SessionKey> {
        let key = SessionKey::of(cookie);
        self.lock().open.touch(key, Instant::now()).then_some(key)
    }

    /// What each form of the session's pages carries, so that only these can be sent.
    pub(crate) fn form_token(&self, key: SessionKey) -> Option<String> {
        self.lock().open.form_token(key).map(str::to_owned)
    }

    /// Whether this is the token of the session's forms. Digests are compared: the time taken says nothing of a guess.
    pub(crate) fn owns_form(&self, key: SessionKey, presented: &str) -> bool {
        let inner = self.lock();
        inner.open.form_token(key).is_some_and(|token| SessionKey::of(token) == SessionKey::of(presented))
    }

    /// Ends a session.
    pub(crate) fn close(&self, key: SessionKey) {
        self.lock().open.remove(key);
    }

    /// Leaves a word for the session's page at this address, in the place of one before it.
    pub(crate) fn tell(&self, key: SessionKey, at: &str, notice: Notice) {
        self.lock().open.tell(key, at.to_owned(), notice, Instant::now());
    }

    /// The word that was left for the page at this address, told once; for a moment again, as a browser that asks twice shows the second
    /// answer. What other pages ask meanwhile takes nothing of it.
    pub(crate) fn told(&self, key: SessionKey, at: &str) -> Option<Notice> {
        self.lock().open.told(key, at, Instant::now())
    }

    /// A panic while it was held leaves it whole: each change is one operation.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
