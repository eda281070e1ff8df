//! The master key itself, and the id that tells keys apart.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::entropy::Entropy;

/// 32 random bytes, wiped when dropped.
#[derive(Clone)]
pub(in crate::vault) struct MasterKey(Zeroizing<[u8; 32]>);

/// Which key sealed a value. It stands in every value, so that values of an old and a new key can lie side by side.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::vault) struct KeyId(pub(in crate::vault) [u8; 4]);

impl MasterKey {
    pub(in crate::vault) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(in crate::vault) fn draw(entropy: &Entropy) -> Self {
        Self::new(entropy.bytes())
    }

    /// A hash of 256 random bits says nothing of them.
    pub(in crate::vault) fn id(&self) -> KeyId {
        let digest =
            Sha256::new().chain_update("keyferry vault key").chain_update(self.0.as_slice()).finalize();
        let [a, b, c, d, ..]: [u8; 32] = digest.into();
        KeyId([a, b, c, d])
    }

    pub(in crate::vault) fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as it is written down.
    pub(in crate::vault) fn expose_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    pub(in crate::vault) fn read(text: &str) -> Option<Self> {
        Self::from_slice(&Zeroizing::new(STANDARD.decode(text.trim()).ok()?))
    }

    pub(in crate::vault) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MasterKey {}", self.id())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl std::str::FromStr for KeyId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u32::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes()))
    }
}
