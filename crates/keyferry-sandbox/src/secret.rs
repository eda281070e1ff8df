//! Strings that may not be printed, and the fingerprints they are looked up by.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// A code, token, key or client secret of the sandbox. Its `Debug` prints `[redacted]`; the memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct SandboxSecret(String);

/// SHA-256 of a secret.
///
/// Secrets are stored and compared only in this form: a lookup by fingerprint takes the same time however
/// much of a guess is right, and a dump of the store holds nothing that can be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

// === impl SandboxSecret ===

impl SandboxSecret {
    /// Takes a secret as it is.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that must send it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }
}

impl fmt::Debug for SandboxSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for SandboxSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

// === impl Fingerprint ===

impl Fingerprint {
    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_formats_as_redacted() {
        assert_eq!(format!("{:?}", SandboxSecret::new("sbx_at_visible")), "[redacted]");
    }
}
