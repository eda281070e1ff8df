//! What is made of a caller's key: where its answer lies, which request it is for, and what seals it.
//!
//! HKDF-SHA-256 (RFC 5869) over the key's 256 bits, one output a purpose. The proxy keeps place and fingerprint, neither of which leads
//! back to the key, and throws the rest away with the request. The next request with the key brings it again.

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use keyferry_core::idempotency_key::IdempotencyKey;
use zeroize::Zeroizing;

use super::Identity;
use crate::admission::Caller;

/// Tells this use of HKDF from any other. Another text makes all that is kept unreachable.
const SALT: &[u8] = b"keyferry idempotency key 1";
/// Bytes of an XChaCha20 nonce.
const NONCE: usize = 24;

/// Where the answer to a caller's key lies.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place([u8; 32]);

/// Who will ask for an answer again.
pub(super) struct Keeper {
    place: Place,
    fingerprint: [u8; 32],
    cipher: XChaCha20Poly1305,
}

#[cfg(test)]
impl Place {
    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

// === impl Keeper ===

impl Keeper {
    /// None if the library fails, which it does for outputs of a length that none here has.
    pub(super) fn new(caller: &Caller, key: &IdempotencyKey, identity: Identity) -> Option<Self> {
        let prk = Salt::new(HKDF_SHA256, SALT).extract(key.expose_bytes().as_slice());
        let caller = caller.name().as_bytes();
        let seal = derive(&prk, b"seal\0", caller)?;
        Some(Self {
            place: Place(*derive(&prk, b"place\0", caller)?),
            fingerprint: *derive(&prk, b"request\0", identity.as_bytes())?,
            cipher: XChaCha20Poly1305::new((&*seal).into()),
        })
    }

    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// Tells the request of this key from another one with the same key.
    pub(super) const fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Nonce and ciphertext. None when the system gives no randomness.
    pub(super) fn seal(&self, plaintext: &[u8]) -> Option<Box<[u8]>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: plaintext, aad: &self.fingerprint };
        let ciphertext = self.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([&nonce[..], &ciphertext].concat().into_boxed_slice())
    }

    pub(super) fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: ciphertext, aad: &self.fingerprint };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }
}

fn derive(prk: &Prk, purpose: &[u8], about: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut out = Zeroizing::new([0; 32]);
    prk.expand(&[purpose, about], HKDF_SHA256).ok()?.fill(out.as_mut_slice()).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(caller: &str, key: u8, identity: u8) -> Keeper {
        let key = IdempotencyKey::from_entropy([key; 32]);
        Keeper::new(&Caller::of_test(caller), &key, Identity::of_test(identity)).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_caller_key_and_request_alone() {
        let sealed = keeper("ada", 1, 1).seal(b"canary").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(**keeper("ada", 1, 1).open(&sealed).unwrap(), *b"canary");
        for other in [keeper("bob", 1, 1), keeper("ada", 2, 1), keeper("ada", 1, 2)] {
            assert!(other.open(&sealed).is_none());
        }
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(keeper("ada", 1, 1).open(&altered).is_none(), "{at}");
            assert!(keeper("ada", 1, 1).open(&sealed[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn a_place_is_one_callers_and_one_keys_whatever_is_asked() {
        let place = |caller, key, identity| keeper(caller, key, identity).place();
        assert!(place("ada", 1, 1) == place("ada", 1, 2));
        assert!(place("ada", 1, 1) != place("bob", 1, 1));
        assert!(place("ada", 1, 1) != place("ada", 2, 1));
        assert_ne!(keeper("ada", 1, 1).fingerprint(), keeper("ada", 1, 2).fingerprint());
    }
}
