//! The identifier of a connection. There may be very many of them, so each is no longer than its letters.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::InvalidId;

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The identifier of a connection: 12 characters, random, no meaning.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId([u8; 12]);

impl ConnectionId {
    /// The identifier of 60 bits of entropy.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 8]) -> Self {
        let mut bits = u64::from_le_bytes(entropy);
        Self([(); 12].map(|()| {
            let digit = BASE32.get((bits & 31) as usize).copied().unwrap_or(b'a');
            bits >>= 5;
            digit
        }))
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Nothing but letters and digits gets in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for ConnectionId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match <[u8; 12]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(|letter| BASE32.contains(letter)) => Ok(Self(letters)),
            _ => Err(InvalidId::new("the connection id", text, "12 of a-z and 2-7")),
        }
    }
}

impl TryFrom<String> for ConnectionId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<ConnectionId> for String {
    fn from(id: ConnectionId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for ConnectionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("ConnectionId").field(&self.as_str()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_id_of_any_entropy_reads_back() {
        for seed in 0..=255u8 {
            let id = ConnectionId::from_entropy([seed, 1, 255, seed, 9, 200, 7, seed]);
            assert_eq!(id.as_str().parse::<ConnectionId>().unwrap(), id);
        }
    }

    #[test]
    fn nothing_but_twelve_letters_and_digits_is_one() {
        for bad in [
            "",
            "aaaaaaaaaaa",
            "aaaaaaaaaaaaa",
            "aaaaaaaaaaa1",
            "aaaaaaaaaaaA",
            "aaaaaaaaaaä",
            "../aaaaaaaaa",
        ] {
            assert!(bad.parse::<ConnectionId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn it_is_shown_as_its_letters() {
        let id: ConnectionId = "abcdefghij27".parse().unwrap();
        assert_eq!(format!("{id} {id:?}"), r#"abcdefghij27 ConnectionId("abcdefghij27")"#);
        assert_eq!(size_of::<ConnectionId>(), 12);
    }
}
