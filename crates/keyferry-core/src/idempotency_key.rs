//! What makes asking twice the same as asking once: the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// The header's name.
pub const HEADER: &str = "Idempotency-Key";

/// The key of one token request: 256 random bits as 43 characters of base64url.
///
/// A secret: the proxy seals the reply that it keeps under this key, so that who holds it opens that reply. It goes with every try of one
/// request, and with no other request. Not `Clone`, as what it belongs to is spent once.
pub struct IdempotencyKey(Zeroizing<String>);

/// A text that is no key. Does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not 32 bytes in base64url, which are 43 characters")]
pub struct InvalidIdempotencyKey;

// === impl IdempotencyKey ===

impl IdempotencyKey {
    /// The key of 256 bits of entropy.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(entropy).as_slice())))
    }

    /// Reads the 43 characters.
    ///
    /// # Errors
    /// [`InvalidIdempotencyKey`] for anything else. A shorter key could be guessed, and would seal nothing.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidIdempotencyKey> {
        let text = Zeroizing::new(text.into());
        bytes(&text).map(|_| Self(text)).ok_or(InvalidIdempotencyKey)
    }

    /// Reads the header's value: a string of RFC 9651 §3.3.3, or the bare characters, as many clients send them.
    ///
    /// # Errors
    /// [`InvalidIdempotencyKey`].
    pub fn from_header(value: &[u8]) -> Result<Self, InvalidIdempotencyKey> {
        let value = value.trim_ascii();
        let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        let text = std::str::from_utf8(quoted.unwrap_or(value)).map_err(|_| InvalidIdempotencyKey)?;
        Self::new(text)
    }

    /// The header's value. The alphabet has nothing to escape.
    #[must_use]
    pub fn expose_header(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("\"{}\"", *self.0))
    }

    /// The key itself, for the one place that stores it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// Its 256 bits, for the one place that derives from them.
    #[must_use]
    pub fn expose_bytes(&self) -> Zeroizing<[u8; 32]> {
        bytes(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Debug for IdempotencyKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}

/// The bits of a text that is a key, and of no second text.
fn bytes(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    let fits = text.len() == 43 && URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()) == Ok(32);
    fits.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    #[test]
    fn a_header_is_read_quoted_and_bare() {
        for value in [format!("\"{KEY}\""), KEY.to_owned(), format!(" \"{KEY}\"\t")] {
            let key = IdempotencyKey::from_header(value.as_bytes()).unwrap();
            assert_eq!((key.expose_secret(), *key.expose_bytes()), (KEY, [1; 32]), "{value}");
        }
    }

    #[test]
    fn whatever_is_not_256_bits_is_refused() {
        let bad = [
            "",
            "\"",
            "\"\"",
            "8e03978e-40d5-43e8-bc93-6894a57f9324",
            &KEY[1..],
            &format!("{KEY}A"),
            &format!("{KEY}="),
            &format!("\"{KEY}"),
            &format!("{KEY}\""),
            &format!("\"{KEY}\";a=1"),
            &format!("\"{KEY}\", \"{KEY}\""),
            &format!("\"\"{KEY}\"\""),
            &KEY.replacen('A', "+", 1),
            &KEY.replacen('A', " ", 1),
            // Bits after the 256th: a second text of one key.
            &format!("{}F", &KEY[..42]),
        ];
        for value in bad {
            assert!(IdempotencyKey::from_header(value.as_bytes()).is_err(), "{value:?}");
        }
        assert!(IdempotencyKey::from_header(&[0xff; 43]).is_err());
    }

    #[test]
    fn a_key_prints_nothing_of_itself() {
        let printed = format!("{:?} {:?}", IdempotencyKey::new(KEY), IdempotencyKey::new(&KEY[1..]));
        assert_eq!(printed, "Ok([redacted]) Err(InvalidIdempotencyKey)");
    }

    proptest! {
        #[test]
        fn every_entropy_makes_a_key_that_reads_back(entropy: [u8; 32]) {
            let key = IdempotencyKey::from_entropy(entropy);
            prop_assert_eq!(*key.expose_bytes(), entropy);
            let read = IdempotencyKey::from_header(key.expose_header().as_bytes()).unwrap();
            prop_assert_eq!(read.expose_secret(), key.expose_secret());
            prop_assert_eq!(IdempotencyKey::new(key.expose_secret()).unwrap().expose_secret().len(), 43);
        }
    }
}
