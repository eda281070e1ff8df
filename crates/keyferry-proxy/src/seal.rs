//! Refresh tokens sealed to the provider and the caller that they were issued for (RFC 6749 §10.4).
//!
//! A sealed token is `kfr1.KEYID.BASE64URL(nonce ‖ ciphertext)`, XChaCha20-Poly1305 under the proxy's sealing key. Provider and
//! caller are associated data: whoever steals one can't spend it under another access key, nor at another provider.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use jiff::Timestamp;
use keyferry_core::{id::ProviderName, secret::RefreshToken};
use zeroize::Zeroizing;

use crate::{
    admission::Caller,
    config::{SealingKey, SealingKeys},
};

/// What a sealed token begins with. A later form gets another number.
const PREFIX: &str = "kfr1.";
/// Bytes of an XChaCha20 nonce: long enough to be drawn at random for every token (no counter to lose in a crash).
const NONCE: usize = 24;

/// Why a token does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsealable {
    /// Sealed under a key that is not at hand.
    #[error(
        "This token was sealed with a key that the proxy does not have. Whoever runs the proxy can set it as KEYFERRY_PROXY_PREVIOUS_SEALING_KEY; else sign in again."
    )]
    UnknownKey,
    /// Not sealed, altered, or sealed for another caller or provider.
    #[error("This refresh token was not issued to this caller for this provider. Sign in again.")]
    NotTheirs,
}

/// Whose a token is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) provider: &'a ProviderName,
    pub(crate) caller: &'a Caller,
}

/// Seals and opens; without keys tokens pass as they are.
pub(crate) struct Sealer {
    keys: ArcSwapOption<Keys>,
}

/// The key that seals, and the one before it.
struct Keys {
    current: Key,
    previous: Option<Key>,
    bare_until: Option<Timestamp>,
}

/// A token as the provider knows it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) token: RefreshToken,
    /// Whether it has to be sealed from now on.
    pub(crate) to_seal: bool,
}

struct Key {
    id: String,
    cipher: XChaCha20Poly1305,
}

// === impl Key ===

impl Key {
    fn new(key: &SealingKey) -> Self {
        Self { id: key.id().to_owned(), cipher: XChaCha20Poly1305::new(key.expose_secret().into()) }
    }
}

// === impl Keys ===

impl Keys {
    fn of(keys: &SealingKeys) -> Arc<Self> {
        Arc::new(Self {
            current: Key::new(&keys.current),
            previous: keys.previous.as_ref().map(Key::new),
            bare_until: keys.bare_until,
        })
    }
}

// === impl Owner ===

impl Owner<'_> {
    /// The associated data. Each part is led by its length, so that no two owners give the same bytes.
    fn associated_data(self) -> Vec<u8> {
        let mut data = PREFIX.as_bytes().to_vec();
        for part in [self.provider.as_str(), self.caller.name()] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

// === impl Sealer ===

impl Sealer {
    pub(crate) fn new(keys: Option<&SealingKeys>) -> Self {
        Self { keys: ArcSwapOption::new(keys.map(Keys::of)) }
    }

    /// Whether it has a key.
    pub(crate) fn is_on(&self) -> bool {
        self.keys.load().is_some()
    }

    /// Seals with other keys from now on. Having none any more is taken for a slip: what was sealed would open no more.
    pub(crate) fn replace(&self, keys: Option<&SealingKeys>) -> bool {
        if keys.is_some() || !self.is_on() {
            self.keys.store(keys.map(Keys::of));
            return true;
        }
        false
    }

    /// Whether a token looks sealed.
    pub(crate) fn is_sealed(token: &str) -> bool {
        token.starts_with(PREFIX)
    }

    /// The token as it goes out. None when the system gives no randomness or the result is longer than a token may be.
    pub(crate) fn seal(&self, owner: Owner<'_>, token: RefreshToken) -> Option<RefreshToken> {
        let keys = self.keys.load();
        let Some(Keys { current: key, .. }) = keys.as_deref() else { return Some(token) };
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: token.expose_secret().as_bytes(), aad: &owner.associated_data() };
        let ciphertext = key.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        let body = URL_SAFE_NO_PAD.encode([&nonce[..], &ciphertext].concat());
        RefreshToken::new(format!("{PREFIX}{}.{body}", key.id)).ok()
    }

    /// The provider's token of one that comes in.
    pub(crate) fn open(
        &self,
        owner: Owner<'_>,
        token: RefreshToken,
        now: Timestamp,
    ) -> Result<Opened, Unsealable> {
        let sealed = token.expose_secret().strip_prefix(PREFIX);
        let keys = self.keys.load();
        let Some(Keys { current, previous, bare_until }) = keys.as_deref() else {
            // Without a key a sealed token would be sent to the provider, which would call a living grant dead.
            return if sealed.is_some() {
                Err(Unsealable::UnknownKey)
            } else {
                Ok(Opened { token, to_seal: false })
            };
        };
        if sealed.is_none() && bare_until.is_some_and(|until| now < until) {
            return Ok(Opened { token, to_seal: true });
        }
        let (id, body) = sealed.and_then(|sealed| sealed.split_once('.')).ok_or(Unsealable::NotTheirs)?;
        let mut keys = std::iter::once(current).chain(previous);
        let key = keys.find(|key| key.id == id).ok_or(Unsealable::UnknownKey)?;
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| Unsealable::NotTheirs)?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE>().ok_or(Unsealable::NotTheirs)?;
        let payload = Payload { msg: ciphertext, aad: &owner.associated_data() };
        let opened = key.cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new);
        let opened = opened.map_err(|_| Unsealable::NotTheirs)?;
        let text = std::str::from_utf8(&opened).map_err(|_| Unsealable::NotTheirs)?;
        let token = RefreshToken::new(text).map_err(|_| Unsealable::NotTheirs)?;
        Ok(Opened { token, to_seal: id != current.id })
    }
}

#[cfg(test)]
mod tests;
