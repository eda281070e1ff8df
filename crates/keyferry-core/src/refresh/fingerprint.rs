//! What tells refresh tokens apart without being one.

use sha2::{Digest as _, Sha256};

use crate::secret::RefreshToken;

/// The hash of a refresh token: whoever spent it compares what is kept now with what was spent, and never takes away what somebody else
/// saved meanwhile.
///
/// Of a token of little entropy it gives the token away to whoever guesses, so it is kept sealed, as the token is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a token.
    #[must_use]
    pub fn of(token: &RefreshToken) -> Self {
        let digest = Sha256::new().chain_update("keyferry refresh token").chain_update(token.expose_secret());
        Self(digest.finalize().into())
    }

    /// One that was kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}
