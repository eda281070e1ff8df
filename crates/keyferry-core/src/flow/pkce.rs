//! Proof Key for Code Exchange (RFC 7636). `plain` does not exist here, so nothing can fall back to it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::secret::CodeVerifier;

/// The `code_challenge` of a verifier, method `S256` (RFC 7636 §4.2). It travels in the open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChallenge(String);

/// The `code_challenge_method` (RFC 7636 §4.3).
pub const METHOD: &str = "S256";

impl CodeChallenge {
    /// BASE64URL(SHA256(verifier)).
    #[must_use]
    pub fn of(verifier: &CodeVerifier) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret())))
    }

    /// The challenge's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b_comes_out() {
        let verifier = CodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert_eq!(CodeChallenge::of(&verifier).as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
