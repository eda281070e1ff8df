//! The seal by itself, for the benchmark that measures it. Never in a program that is shipped.

use zeroize::Zeroizing;

use super::{
    VaultError,
    keys::MasterKey,
    seal::{Place, Sealer},
};
use crate::entropy::Entropy;

/// A seal under a key of its own.
pub struct Seal(Sealer);

const HERE: Place<'_> =
    Place { table: "connections", row: "aaaaaaaaaaaa", column: "access_token", generation: 1 };

impl Seal {
    /// A seal that nothing else is under.
    #[must_use]
    pub fn new(entropy: &Entropy) -> Self {
        Self(Sealer::new(&MasterKey::draw(entropy), entropy.clone()))
    }

    /// Seals as a token is sealed.
    ///
    /// # Errors
    /// [`VaultError::Unsealable`].
    pub fn seal(&self, secret: &str) -> Result<Vec<u8>, VaultError> {
        self.0.seal(HERE, secret)
    }

    /// Opens what it has sealed.
    ///
    /// # Errors
    /// [`VaultError::Unsealable`].
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<String>, VaultError> {
        self.0.open(HERE, sealed)
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Seal")
    }
}
