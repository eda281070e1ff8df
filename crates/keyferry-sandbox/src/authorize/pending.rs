//! Consent pages that wait for their answer: bounded, short-lived, answered once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::request::AuthorizationRequest;
use crate::{
    mint::{Kind, Mint, MintError},
    secret::{Fingerprint, SandboxSecret},
};

/// How long a consent page can be answered.
pub(crate) const CONSENT_LIFETIME: Duration = Duration::from_secs(600);

/// A shown page.
#[derive(Debug)]
pub(crate) struct PendingConsent {
    pub(super) id: SandboxSecret,
    pub(super) request: AuthorizationRequest,
    cookie: SandboxSecret,
    expires_at: Timestamp,
}

/// All shown pages.
#[derive(Debug)]
pub(crate) struct PendingConsents {
    by_id: Mutex<HashMap<Fingerprint, PendingConsent>>,
    most: usize,
}

// === impl PendingConsent ===

impl PendingConsent {
    pub(super) fn new(
        mint: &Mint,
        request: AuthorizationRequest,
        expires_at: Timestamp,
    ) -> Result<Self, MintError> {
        Ok(Self { id: mint.make(Kind::Consent)?, cookie: mint.make(Kind::Consent)?, request, expires_at })
    }

    /// The `Set-Cookie` value. One cookie a page, so that two open pages do not disturb each other; not
    /// `Secure` and no `__Host-`, because loopback is plain http.
    pub(super) fn set_cookie(&self) -> String {
        format!(
            "{}={}; Path=/authorize/decision; Max-Age={}; HttpOnly; SameSite=Strict",
            cookie_name(self.id.expose_secret()),
            self.cookie.expose_secret(),
            CONSENT_LIFETIME.as_secs()
        )
    }
}

// === impl PendingConsents ===

impl PendingConsents {
    pub(crate) fn new(most: usize) -> Self {
        Self { by_id: Mutex::new(HashMap::new()), most }
    }

    /// Files a page; false when too many are waiting.
    pub(super) fn insert(&self, pending: PendingConsent, now: Timestamp) -> bool {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        if by_id.len() >= self.most {
            by_id.retain(|_, pending| now < pending.expires_at);
        }
        let room = by_id.len() < self.most;
        if room {
            by_id.insert(pending.id.fingerprint(), pending);
        }
        room
    }

    /// Takes the page with this id out, if the cookie is its own and it has not expired.
    ///
    /// A wrong cookie leaves it in place: a stranger who learnt the id can't even spoil it.
    pub(super) fn take(&self, id: &str, cookie: &str, now: Timestamp) -> Option<AuthorizationRequest> {
        let id = Fingerprint::of(id);
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = by_id.get(&id)?;
        if pending.cookie.fingerprint() != Fingerprint::of(cookie) {
            return None;
        }
        let pending = by_id.remove(&id)?;
        (now < pending.expires_at).then_some(pending.request)
    }
}

/// The name of the cookie that belongs to a consent id: cookies of a host are shared by all its ports, so the
/// name must differ from page to page.
pub(super) fn cookie_name(id: &str) -> String {
    let tail = id.len().saturating_sub(8);
    format!("sbx_consent_{}", id.get(tail..).unwrap_or_default())
}
