//! Proof Key for Code Exchange, `S256` alone (RFC 7636; RFC 9700 §2.1.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A well-formed `code_verifier`: 43 to 128 unreserved characters (RFC 7636 §4.1).
pub(crate) struct Verifier<'a>(&'a str);

// === impl Verifier ===

impl<'a> Verifier<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        ((43..=128).contains(&text.len()) && text.bytes().all(unreserved)).then_some(Self(text))
    }
}

impl std::fmt::Debug for Verifier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Whether `text` can be an `S256` challenge: the base64url form of 32 bytes, without padding.
pub(crate) fn is_s256_challenge(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether the challenge was made from this verifier (RFC 7636 §4.6). Both sides are hashes, so the
/// comparison's time tells nothing about the verifier.
pub(crate) fn s256_fits(verifier: &Verifier<'_>, challenge: &str) -> bool {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.0.as_bytes())) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b_fits() {
        let verifier = Verifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert!(s256_fits(&verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!s256_fits(&verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for (text, accepted) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("a".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{}-._~", "A9".repeat(20)), true),
            (format!("{}+", "a".repeat(43)), false),
            (format!("{}é", "a".repeat(43)), false),
            (format!("{} ", "a".repeat(43)), false),
        ] {
            assert_eq!(Verifier::parse(&text).is_some(), accepted, "{text}");
        }
    }

    #[test]
    fn a_challenge_is_the_base64url_form_of_32_bytes() {
        assert!(is_s256_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        for text in
            ["", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"]
        {
            assert!(!is_s256_challenge(text), "{text}");
        }
    }
}
