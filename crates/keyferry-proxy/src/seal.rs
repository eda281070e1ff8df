//! Refresh tokens sealed to the provider and the caller that they were issued for (RFC 6749 §10.4).
//!
//! A sealed token is `kfr1.KEYID.BASE64URL(nonce ‖ ciphertext)`, AES-256-GCM-SIV (RFC 8452) under the operator's sealing key, or else under
//! one that is made of the client secret. The provider is associated data, and under the operator's key the caller is, too: whoever steals a token
//! can't spend it at another provider, nor under another access key. A key that nobody chose is no reason to be strict about callers: the
//! first access key, or one under another name, would end every sign-in.

mod by_client;

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use keyferry_core::{id::ProviderName, provider::ProviderSet, secret::RefreshToken};
use zeroize::Zeroizing;

use self::by_client::ByProvider;
use crate::{
    admission::Caller,
    config::{Credentials, SealingByClient, SealingKey, SealingKeys},
};

/// What a sealed token begins with. A later form gets another number.
const PREFIX: &str = "kfr1.";
/// Bytes of the nonce. It is drawn at random for every token (no counter to lose in a crash); should two ever be equal, this cipher gives
/// away no more than whether their tokens are (RFC 8452 §9).
const NONCE: usize = 12;

/// Why a token does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsealable {
    /// Sealed under a key that is not at hand.
    #[error(
        "This token was sealed with a key that the proxy does not have. Whoever runs the proxy can set it as KEYFERRY_PROXY_PREVIOUS_SEALING_KEY, or the client secret before in the variable of the provider that ends in _PREVIOUS_CLIENT_SECRET; else sign in again."
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

/// Seals and opens.
pub(crate) struct Sealer {
    keys: ArcSwap<Keys>,
}

/// What it seals and opens with.
#[derive(Clone)]
struct Keys {
    own: Option<OwnKeys>,
    unset: SealingByClient,
    by_client: ByProvider,
}

/// The operator's key that seals, and the one before it.
#[derive(Clone)]
struct OwnKeys {
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

#[derive(Clone)]
struct Key {
    id: String,
    /// None if the library fails to take the key, as it does for none of this length: it then neither seals nor opens.
    cipher: Option<Arc<RandomizedNonceKey>>,
    bound_to_caller: bool,
}

// === impl Key ===

impl Key {
    fn new(key: &SealingKey) -> Self {
        let cipher = RandomizedNonceKey::new(&AES_256_GCM_SIV, key.expose_secret()).ok().map(Arc::new);
        Self { id: key.id().to_owned(), cipher, bound_to_caller: true }
    }

    fn seal(&self, owner: Owner<'_>, token: &RefreshToken) -> Option<RefreshToken> {
        let mut bytes = token.expose_secret().as_bytes().to_vec();
        let data = Aad::from(owner.associated_data(self.bound_to_caller));
        let nonce = self.cipher.as_ref()?.seal_in_place_append_tag(data, &mut bytes).ok()?;
        let mut sealed = format!("{PREFIX}{}.", self.id);
        // No bits of the one run over into the other: a nonce is whole characters.
        for part in [&nonce.as_ref()[..], &bytes] {
            URL_SAFE_NO_PAD.encode_string(part, &mut sealed);
        }
        RefreshToken::new(sealed).ok()
    }

    fn open(&self, owner: Owner<'_>, body: &str) -> Option<RefreshToken> {
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(body).ok()?);
        let (nonce, ciphertext) = bytes.split_first_chunk_mut::<NONCE>()?;
        let data = Aad::from(owner.associated_data(self.bound_to_caller));
        let opened = self.cipher.as_ref()?.open_in_place(Nonce::from(&*nonce), data, ciphertext).ok()?;
        RefreshToken::new(std::str::from_utf8(opened).ok()?).ok()
    }
}

// === impl OwnKeys ===

impl OwnKeys {
    fn of(keys: &SealingKeys) -> Self {
        Self {
            current: Key::new(&keys.current),
            previous: keys.previous.as_ref().map(Key::new),
            bare_until: keys.bare_until,
        }
    }
}

// === impl Keys ===

impl Keys {
    /// What seals a provider's tokens now.
    fn sealing(&self, provider: &ProviderName) -> Option<&Key> {
        let by_client = || self.by_client.get(provider).filter(|_| self.unset.seals)?.sealing();
        self.own.as_ref().map(|own| &own.current).or_else(by_client)
    }

    /// The key of this id.
    fn find(&self, provider: &ProviderName, id: &str) -> Option<&Key> {
        let own = self.own.iter().flat_map(|own| std::iter::once(&own.current).chain(&own.previous));
        let by_client = self.by_client.get(provider).into_iter().flat_map(by_client::ClientKeys::iter);
        own.chain(by_client).find(|key| key.id == id)
    }

    /// Whether a token is taken that is not sealed. Without a key of the operator's, one that is too long to be is taken for ever: it goes
    /// out so ([`Sealer::seal`]).
    fn takes_bare(&self, owner: Owner<'_>, token: &RefreshToken, now: Timestamp) -> bool {
        if let Some(own) = &self.own {
            return own.bare_until.is_some_and(|until| now < until);
        }
        let in_time = self.unset.bare_until.is_none_or(|until| now < until);
        in_time || self.sealing(owner.provider).is_none_or(|key| key.seal(owner, token).is_none())
    }
}

// === impl Owner ===

impl Owner<'_> {
    /// The associated data. Each part is led by its length, so that no two owners give the same bytes.
    fn associated_data(self, with_caller: bool) -> Vec<u8> {
        let mut data = PREFIX.as_bytes().to_vec();
        for part in [self.provider.as_str(), if with_caller { self.caller.name() } else { "" }] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

// === impl Sealer ===

impl Sealer {
    pub(crate) fn new(own: Option<&SealingKeys>, unset: SealingByClient) -> Self {
        let keys = Keys { own: own.map(OwnKeys::of), unset, by_client: ByProvider::new() };
        Self { keys: ArcSwap::from_pointee(keys) }
    }

    /// What it seals under, for the log.
    pub(crate) fn under(&self) -> &'static str {
        let keys = self.keys.load();
        match (&keys.own, keys.unset.seals) {
            (Some(_), _) => "sealing key",
            (None, true) => "client secrets",
            (None, false) => "nothing",
        }
    }

    /// Seals under another key of the operator's from now on. Having none any more is taken for a slip: what was sealed would open no
    /// more. To be called by one at a time with [`Sealer::renew`].
    pub(crate) fn replace(&self, own: Option<&SealingKeys>, unset: SealingByClient) -> bool {
        let before = self.keys.load_full();
        let is_slip = own.is_none() && before.own.is_some();
        let own = if is_slip { before.own.clone() } else { own.map(OwnKeys::of) };
        self.keys.store(Arc::new(Keys { own, unset, by_client: before.by_client.clone() }));
        !is_slip
    }

    /// Takes the clients of these files as they are now. Those of others stay.
    pub(crate) fn renew(&self, credentials: &Credentials, files: &ProviderSet) {
        let before = self.keys.load_full();
        let by_client = by_client::renewed(&before.by_client, credentials, files);
        self.keys.store(Arc::new(Keys { by_client, ..Keys::clone(&before) }));
    }

    /// Whether a token looks sealed.
    pub(crate) fn is_sealed(token: &str) -> bool {
        token.starts_with(PREFIX)
    }

    /// The token as it goes out. None when the operator wants it sealed, and the system gives no randomness or the result is longer than
    /// a token may be. Where nobody asked for it, such a token goes out as it is: it would be lost.
    pub(crate) fn seal(&self, owner: Owner<'_>, token: RefreshToken) -> Option<RefreshToken> {
        let keys = self.keys.load();
        let Some(key) = keys.sealing(owner.provider) else { return Some(token) };
        let sealed = key.seal(owner, &token);
        if keys.own.is_some() { sealed } else { sealed.or(Some(token)) }
    }

    /// The provider's token of one that comes in.
    pub(crate) fn open(
        &self,
        owner: Owner<'_>,
        token: RefreshToken,
        now: Timestamp,
    ) -> Result<Opened, Unsealable> {
        let keys = self.keys.load();
        let sealing = keys.sealing(owner.provider);
        let Some(sealed) = token.expose_secret().strip_prefix(PREFIX) else {
            let taken = keys.takes_bare(owner, &token, now);
            return if taken {
                Ok(Opened { token, to_seal: sealing.is_some() })
            } else {
                Err(Unsealable::NotTheirs)
            };
        };
        let Some((id, body)) = sealed.split_once('.') else {
            // Sent to the provider, which would call a living grant dead.
            return Err(if sealing.is_some() { Unsealable::NotTheirs } else { Unsealable::UnknownKey });
        };
        let key = keys.find(owner.provider, id).ok_or(Unsealable::UnknownKey)?;
        let token = key.open(owner, body).ok_or(Unsealable::NotTheirs)?;
        Ok(Opened { token, to_seal: sealing.is_none_or(|sealing| sealing.id != id) })
    }
}

#[cfg(test)]
mod tests;
