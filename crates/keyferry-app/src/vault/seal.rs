//! Sealing: XChaCha20-Poly1305 under the master key, with the value's place as associated data.

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{VaultError, key::MasterKey};
use crate::entropy::Entropy;

/// The first byte of a sealed value: its form, for a later change of it.
const FORM: u8 = 1;

/// The length of a nonce in bytes.
const NONCE: usize = 24;

/// Which key sealed a value. It stands in every value, so that values of an old and a new key can lie side by side.
type KeyId = [u8; 4];

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
    key: KeyId,
    entropy: Entropy,
}

impl Sealer {
    pub(super) fn new(key: MasterKey, entropy: Entropy) -> Self {
        Self { cipher: XChaCha20Poly1305::new((&*key).into()), key: key_id(&key), entropy }
    }

    /// Form, key, nonce and ciphertext.
    pub(super) fn seal(&self, place: Place<'_>, secret: &str) -> Result<Vec<u8>, VaultError> {
        let nonce = self.entropy.bytes::<NONCE>();
        let payload = Payload { msg: secret.as_bytes(), aad: &place.associated_data() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| place.unsealable())?;
        Ok([[FORM].as_slice(), &self.key, &nonce, &sealed].concat())
    }

    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<String>, VaultError> {
        let unsealable = || place.unsealable();
        let (form, rest) = sealed.split_first().ok_or_else(unsealable)?;
        let (key, rest) = rest.split_first_chunk().ok_or_else(unsealable)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or_else(unsealable)?;
        if *form != FORM || *key != self.key {
            return Err(unsealable());
        }
        let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
        let opened =
            Zeroizing::new(self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| unsealable())?);
        let text = std::str::from_utf8(&opened).map_err(|_| unsealable())?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// A number for the generation of a row that counts none: drawn anew with each save, so that no earlier value opens again. Not
    /// above what a column can hold.
    pub(super) fn draw_generation(&self) -> u64 {
        u64::from_le_bytes(self.entropy.bytes()) >> 1
    }
}

/// Tells keys apart. A hash of 256 random bits says nothing of them.
fn key_id(key: &MasterKey) -> KeyId {
    let digest = Sha256::new().chain_update("keyferry vault key").chain_update(key.as_slice()).finalize();
    let [a, b, c, d, ..]: [u8; 32] = digest.into();
    [a, b, c, d]
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

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place { table: "t", row: "r", column: "c", generation: 3 };

    fn sealer(key: u8) -> Sealer {
        Sealer::new(Zeroizing::new([key; 32]), Entropy::system())
    }

    #[test]
    fn a_value_opens_at_its_own_place_alone() {
        let sealed = sealer(1).seal(HERE, "secret").unwrap();
        assert_eq!(*sealer(1).open(HERE, &sealed).unwrap(), "secret");
        assert_ne!(sealed, sealer(1).seal(HERE, "secret").unwrap(), "no nonce twice");
        for elsewhere in [
            Place { table: "u", ..HERE },
            Place { row: "s", ..HERE },
            Place { column: "d", ..HERE },
            Place { generation: 2, ..HERE },
            // The same letters, cut at another point.
            Place { table: "tr", row: "", ..HERE },
            Place { row: "rc", column: "", ..HERE },
        ] {
            assert!(sealer(1).open(elsewhere, &sealed).is_err(), "{elsewhere:?}");
        }
        assert!(sealer(2).open(HERE, &sealed).is_err(), "another key");
    }

    #[test]
    fn no_byte_of_a_sealed_value_can_change() {
        let sealer = sealer(1);
        let sealed = sealer.seal(HERE, "secret").unwrap();
        for index in 0..sealed.len() {
            let mut other = sealed.clone();
            other[index] ^= 1;
            assert!(sealer.open(HERE, &other).is_err(), "{index}");
            assert!(sealer.open(HERE, &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn drawn_generations_fit_a_column_and_do_not_repeat() {
        let sealer = sealer(1);
        let (one, other) = (sealer.draw_generation(), sealer.draw_generation());
        assert_ne!(one, other);
        assert!(i64::try_from(one).is_ok() && i64::try_from(other).is_ok());
    }
}
