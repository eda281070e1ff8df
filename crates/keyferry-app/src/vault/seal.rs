//! Sealing: XChaCha20-Poly1305 under the master key, with the value's place as associated data.

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use zeroize::Zeroizing;

use super::{
    VaultError,
    keys::{KeyId, MasterKey},
};
use crate::entropy::Entropy;

/// The first byte of a sealed value: its form, for a later change of it.
const FORM: u8 = 1;

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

/// Seals under one key, and opens what that key sealed; while the master key changes, also what the one before it sealed.
pub(super) struct Sealer {
    current: Cipher,
    previous: Option<Cipher>,
    entropy: Entropy,
}

struct Cipher {
    cipher: XChaCha20Poly1305,
    key: KeyId,
}

impl Cipher {
    fn new(key: &MasterKey) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.expose_bytes().into()), key: key.id() }
    }
}

impl Sealer {
    pub(super) fn new(key: &MasterKey, entropy: Entropy) -> Self {
        Self { current: Cipher::new(key), previous: None, entropy }
    }

    /// The same, which also opens what an older key sealed.
    pub(super) fn with_previous(self, key: &MasterKey) -> Self {
        Self { previous: Some(Cipher::new(key)), ..self }
    }

    /// The key that seals.
    #[cfg(test)]
    pub(super) const fn key(&self) -> KeyId {
        self.current.key
    }

    /// The older key that still opens.
    pub(super) fn previous_key(&self) -> Option<KeyId> {
        self.previous.as_ref().map(|previous| previous.key)
    }

    /// Where its nonces come from.
    pub(super) fn entropy(&self) -> Entropy {
        self.entropy.clone()
    }

    /// Form, key, nonce and ciphertext.
    pub(super) fn seal(&self, place: Place<'_>, secret: &str) -> Result<Vec<u8>, VaultError> {
        let nonce = self.entropy.bytes::<NONCE>();
        let payload = Payload { msg: secret.as_bytes(), aad: &place.associated_data() };
        let Cipher { cipher, key } = &self.current;
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| place.unsealable())?;
        Ok([[FORM].as_slice(), &key.0, &nonce, &sealed].concat())
    }

    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<String>, VaultError> {
        let unsealable = || place.unsealable();
        let key = sealed_by(sealed).ok_or_else(unsealable)?;
        let (nonce, ciphertext) =
            sealed.get(HEAD..).and_then(|rest| rest.split_first_chunk::<NONCE>()).ok_or_else(unsealable)?;
        let ciphers = [Some(&self.current), self.previous.as_ref()];
        let Cipher { cipher, .. } =
            ciphers.into_iter().flatten().find(|cipher| cipher.key == key).ok_or_else(unsealable)?;
        let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
        let opened =
            Zeroizing::new(cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| unsealable())?);
        let text = std::str::from_utf8(&opened).map_err(|_| unsealable())?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// A number for the generation of a row that counts none: drawn anew with each save, so that no earlier value opens again. Not
    /// above what a column can hold.
    pub(super) fn draw_generation(&self) -> u64 {
        u64::from_le_bytes(self.entropy.bytes()) >> 1
    }
}

/// Form and key.
const HEAD: usize = 5;

/// Which key sealed a value, if it is one.
pub(super) fn sealed_by(sealed: &[u8]) -> Option<KeyId> {
    let (form, rest) = sealed.split_first()?;
    rest.first_chunk().filter(|_| *form == FORM).copied().map(KeyId)
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
        Sealer::new(&MasterKey::new([key; 32]), Entropy::system())
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
    fn while_the_key_changes_both_open_and_the_new_one_seals() {
        let (old, new) = (sealer(1).seal(HERE, "old").unwrap(), sealer(2).seal(HERE, "new").unwrap());
        let both = sealer(2).with_previous(&MasterKey::new([1; 32]));
        assert_eq!((&**both.open(HERE, &old).unwrap(), &**both.open(HERE, &new).unwrap()), ("old", "new"));
        assert_eq!(sealed_by(&both.seal(HERE, "x").unwrap()), Some(sealer(2).key()));
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
