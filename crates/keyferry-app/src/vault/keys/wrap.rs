//! Wrapping under a passphrase: Argon2id (RFC 9106) makes a key of it, and XChaCha20-Poly1305 seals under that.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use keyferry_core::secret::SecretText;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::PassphraseError;
use crate::entropy::Entropy;

/// How a passphrase was made a key, and the nonce of what is sealed under it. Not secret; stands beside the ciphertext, and what is changed
/// in it opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::vault) struct Argon2id {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    nonce: String,
}

/// The bounds within which a stranger's file may make us work.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// 64 MiB; next to nothing in this crate's own tests, which wrap dozens of times.
const MEMORY_KIB: u32 = if cfg!(test) { 64 } else { 64 * 1024 };

impl Argon2id {
    /// RFC 9106 §4, the second recommended choice: 64 MiB, three passes, four lanes. Less of either makes guessing cheaper.
    pub(in crate::vault) fn draw(entropy: &Entropy) -> Self {
        Self {
            memory_kib: MEMORY_KIB,
            passes: 3,
            lanes: 4,
            salt: STANDARD.encode(entropy.bytes::<16>()),
            nonce: STANDARD.encode(entropy.bytes::<24>()),
        }
    }

    /// Seals under a passphrase. `about` is bound to what is sealed.
    pub(in crate::vault) fn seal(
        &self,
        passphrase: &SecretText,
        about: &[u8],
        secret: &[u8],
    ) -> Result<Vec<u8>, PassphraseError> {
        let payload = Payload { msg: secret, aad: &self.associated_data(about) };
        let (cipher, nonce) = self.cipher(passphrase)?;
        cipher.encrypt(&nonce, payload).map_err(|_| PassphraseError::Wrong)
    }

    pub(in crate::vault) fn open(
        &self,
        passphrase: &SecretText,
        about: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        let payload = Payload { msg: sealed, aad: &self.associated_data(about) };
        let (cipher, nonce) = self.cipher(passphrase)?;
        cipher.decrypt(&nonce, payload).map(Zeroizing::new).map_err(|_| PassphraseError::Wrong)
    }

    fn cipher(&self, passphrase: &SecretText) -> Result<(XChaCha20Poly1305, XNonce), PassphraseError> {
        let fits =
            self.memory_kib <= MOST_MEMORY_KIB && self.passes <= MOST_PASSES && self.lanes <= MOST_LANES;
        let parameters =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok().filter(|_| fits);
        let parameters = parameters.ok_or(PassphraseError::Wrong)?;
        let salt = STANDARD.decode(&self.salt).map_err(|_| PassphraseError::Wrong)?;
        let nonce: [u8; 24] = STANDARD
            .decode(&self.nonce)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(PassphraseError::Wrong)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(passphrase.expose_secret().as_bytes(), &salt, key.as_mut_slice())
            .map_err(|_| PassphraseError::Wrong)?;
        Ok((XChaCha20Poly1305::new((&*key).into()), XNonce::from(nonce)))
    }

    fn associated_data(&self, about: &[u8]) -> Vec<u8> {
        let Self { memory_kib, passes, lanes, salt, .. } = self;
        let own = format!("keyferry argon2id {memory_kib} {passes} {lanes} {salt}\n");
        [own.as_bytes(), about].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick() -> Argon2id {
        Argon2id { memory_kib: 64, passes: 1, lanes: 1, ..Argon2id::draw(&Entropy::system()) }
    }

    fn word(text: &str) -> SecretText {
        SecretText::new(text).unwrap()
    }

    #[test]
    fn what_is_wrapped_opens_with_its_passphrase_alone_and_unchanged() {
        let wrap = quick();
        let sealed = wrap.seal(&word("right"), b"about", b"secret").unwrap();
        assert_eq!(*wrap.open(&word("right"), b"about", &sealed).unwrap(), b"secret");
        assert!(wrap.open(&word("wrong"), b"about", &sealed).is_err());
        assert!(wrap.open(&word("right"), b"other", &sealed).is_err());
        for changed in [
            Argon2id { passes: 2, ..wrap.clone() },
            Argon2id { salt: quick().salt, ..wrap.clone() },
            Argon2id { nonce: quick().nonce, ..wrap.clone() },
        ] {
            assert!(changed.open(&word("right"), b"about", &sealed).is_err(), "{changed:?}");
        }
    }

    #[test]
    fn a_file_can_not_make_us_work_without_bounds() {
        for greedy in [
            Argon2id { memory_kib: u32::MAX, ..quick() },
            Argon2id { passes: u32::MAX, ..quick() },
            Argon2id { lanes: MOST_LANES + 1, memory_kib: 1024, ..quick() },
            Argon2id { salt: "no base64".to_owned(), ..quick() },
        ] {
            assert!(matches!(greedy.seal(&word("x"), b"", b""), Err(PassphraseError::Wrong)), "{greedy:?}");
        }
    }
}
