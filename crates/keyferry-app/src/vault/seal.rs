//! Sealing: XChaCha20-Poly1305 under the master key, with the value's place as associated data.

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use zeroize::Zeroizing;

use super::{VaultError, key::MasterKey};
use crate::entropy::Entropy;

/// The first byte of a sealed value: the form and the key's number, for a later change of either.
const VERSION: u8 = 1;

/// The length of a nonce in bytes.
const NONCE: usize = 24;

/// Where a sealed value stands. A value moved to another place, or an older one put back, does not open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) table: &'static str,
    pub(super) row: &'p str,
    pub(super) column: &'static str,
    pub(super) generation: u64,
}

pub(super) struct Sealer {
    cipher: XChaCha20Poly1305,
    entropy: Entropy,
}

impl Sealer {
    pub(super) fn new(key: MasterKey, entropy: Entropy) -> Self {
        Self { cipher: XChaCha20Poly1305::new((&*key).into()), entropy }
    }

    /// Version, nonce and ciphertext.
    pub(super) fn seal(&self, place: Place<'_>, secret: &str) -> Result<Vec<u8>, VaultError> {
        let nonce = self.entropy.bytes::<NONCE>();
        let payload = Payload { msg: secret.as_bytes(), aad: &place.associated_data() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| place.unsealable())?;
        let mut bytes = Vec::with_capacity(1 + NONCE + sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(bytes)
    }

    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<String>, VaultError> {
        let unsealable = || place.unsealable();
        let (version, rest) = sealed.split_first().ok_or_else(unsealable)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or_else(unsealable)?;
        if *version != VERSION {
            return Err(unsealable());
        }
        let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
        let opened =
            Zeroizing::new(self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| unsealable())?);
        let text = std::str::from_utf8(&opened).map_err(|_| unsealable())?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

impl Place<'_> {
    /// Each part with its length before it, so that no two places read the same.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(64);
        for part in [self.table, self.row, self.column] {
            data.extend_from_slice(&(part.len() as u64).to_le_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data.extend_from_slice(&self.generation.to_le_bytes());
        data
    }

    fn unsealable(&self) -> VaultError {
        VaultError::Unsealable(format!("{} of {} {}", self.column, self.table, self.row))
    }
}
