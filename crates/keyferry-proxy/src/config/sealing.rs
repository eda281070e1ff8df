//! What refresh tokens are sealed under: the operator's keys, or keys that are made of the client secrets.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{ConfigError, source};

const CURRENT: &str = "KEYFERRY_PROXY_SEALING_KEY";
const PREVIOUS: &str = "KEYFERRY_PROXY_PREVIOUS_SEALING_KEY";
const DAY: SignedDuration = SignedDuration::from_hours(24);
const SEALING: &str = "KEYFERRY_PROXY_SEALING";
const BARE_UNTIL: &str = "KEYFERRY_PROXY_ACCEPT_UNSEALED_UNTIL";

/// A 256-bit sealing key. Its id is derived from it, so that a sealed token names the key that opens it.
#[derive(Clone)]
pub struct SealingKey {
    bytes: Zeroizing<[u8; 32]>,
    id: String,
}

/// The key that seals, and the one before it, which still opens: a key is replaced without signing anyone out.
#[derive(Debug, Clone)]
pub struct SealingKeys {
    /// Seals and opens.
    pub current: SealingKey,
    /// Only opens.
    pub previous: Option<SealingKey>,
    /// Until when tokens are taken that are not sealed, for a proxy that had no key before; none takes none.
    pub bare_until: Option<Timestamp>,
}

/// What is done where the operator has set no key: a refresh token is sealed under a key that is made of its provider's client secret.
///
/// That key is there wherever the token can be used at all, on every replica and after every start, so that it can't be lost alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealingByClient {
    /// Whether tokens are sealed so. What was sealed opens in any case.
    pub seals: bool,
    /// Until when tokens are taken that are not sealed; none takes them for ever.
    pub bare_until: Option<Timestamp>,
}

/// Why a text is no sealing key. Does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSealingKey {
    /// Not 32 bytes in base64.
    #[error("it must be 32 bytes in base64; make one with `openssl rand -base64 32`")]
    NotAKey,
    /// A previous key without a current one.
    #[error("it is set without KEYFERRY_PROXY_SEALING_KEY; the new key belongs there")]
    PreviousAlone,
    /// A key, and the word that nothing is to be sealed.
    #[error("it is set, and KEYFERRY_PROXY_SEALING is false; take one of the two away")]
    Off,
    /// The same key twice.
    #[error("it is the same key as KEYFERRY_PROXY_SEALING_KEY")]
    Same,
}

// === impl SealingByClient ===

impl Default for SealingByClient {
    fn default() -> Self {
        Self { seals: true, bare_until: None }
    }
}

impl SealingByClient {
    pub(crate) fn from_environment(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let seals = match lookup(SEALING).as_deref().map(str::trim) {
            None | Some("" | "true") => true,
            Some("false") => false,
            Some(_) => return Err(ConfigError::Switch { variable: SEALING }),
        };
        Ok(Self { seals, bare_until: bare_until(lookup)? })
    }
}

// === impl SealingKey ===

impl SealingKey {
    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        let digest = Sha256::new_with_prefix(b"keyferry sealing key id\0").chain_update(bytes).finalize();
        let id = digest.iter().take(6).copied().collect::<Vec<u8>>();
        Self { bytes: Zeroizing::new(bytes), id: URL_SAFE_NO_PAD.encode(id) }
    }

    /// Reads 32 bytes of base64, in either alphabet, with or without padding.
    ///
    /// # Errors
    /// [`InvalidSealingKey::NotAKey`].
    pub fn parse(text: &str) -> Result<Self, InvalidSealingKey> {
        let text = Zeroizing::new(text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_"));
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map(Zeroizing::new);
        let bytes = bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        bytes.map(Self::new).ok_or(InvalidSealingKey::NotAKey)
    }

    /// Its name in sealed tokens: eight characters that say nothing of the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself, for the one place that seals.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SealingKey({}, [redacted])", self.id)
    }
}

// === impl SealingKeys ===

impl SealingKeys {
    pub(crate) fn from_environment(
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ConfigError> {
        let read = |variable: &'static str| -> Result<Option<SealingKey>, ConfigError> {
            let found = source::secret(lookup, variable)?;
            let key = found.map(|found| SealingKey::parse(found.told().expose_secret())).transpose();
            key.map_err(|why| ConfigError::Sealing { variable, why })
        };
        let refused = |why| Err(ConfigError::Sealing { variable: PREVIOUS, why });
        let found = (read(CURRENT)?, read(PREVIOUS)?);
        if found.0.is_some() && !SealingByClient::from_environment(lookup)?.seals {
            return Err(ConfigError::Sealing { variable: CURRENT, why: InvalidSealingKey::Off });
        }
        match found {
            (None, None) => Ok(None),
            (None, Some(_)) => refused(InvalidSealingKey::PreviousAlone),
            (Some(current), Some(previous)) if current.id == previous.id => refused(InvalidSealingKey::Same),
            (Some(current), previous) => {
                Ok(Some(Self { current, previous, bare_until: bare_until(lookup)? }))
            }
        }
    }
}

/// The end of a day in UTC.
fn bare_until(lookup: &impl Fn(&str) -> Option<String>) -> Result<Option<Timestamp>, ConfigError> {
    let Some(text) = lookup(BARE_UNTIL).filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let text = text.trim();
    let begin = format!("{text}T00:00:00Z").parse::<Timestamp>().ok().filter(|_| text.len() == 10);
    let read = begin.and_then(|begin| begin.checked_add(DAY).ok());
    let rule = "the last day on which tokens are taken that are not sealed, such as 2027-01-31";
    read.map(Some).ok_or(ConfigError::Limit { variable: BARE_UNTIL, rule })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<SealingKeys>, ConfigError> {
        SealingKeys::from_environment(&|name: &str| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const OTHER: &str = "__________________________________________8";

    #[test]
    fn two_keys_live_side_by_side_under_ids_of_their_own() {
        let keys = read(&[(CURRENT, ONE), (PREVIOUS, OTHER)]).unwrap().unwrap();
        assert_eq!(keys.current.expose_secret(), &[1; 32]);
        assert_eq!(keys.previous.as_ref().unwrap().expose_secret(), &[255; 32]);
        assert_ne!(keys.current.id(), keys.previous.as_ref().unwrap().id());
        assert_eq!(keys.current.id().len(), 8);
        assert!(!format!("{keys:?}").contains("1, 1"), "{keys:?}");
        assert!(read(&[]).unwrap().is_none());
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_shown() {
        let table: [&[(&str, &str)]; 5] = [
            &[(CURRENT, "canary")],
            &[(CURRENT, "AQEBAQEBAQEBAQEBAQEBAQ==")],
            &[(PREVIOUS, ONE)],
            &[(CURRENT, ONE), (PREVIOUS, ONE)],
            &[(CURRENT, ONE), (SEALING, "false")],
        ];
        for variables in table {
            let error = read(variables).unwrap_err().to_string();
            assert!(error.starts_with("KEYFERRY_PROXY_") && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn tokens_that_are_not_sealed_are_taken_to_the_end_of_a_day() {
        let until = |text| read(&[(CURRENT, ONE), (BARE_UNTIL, text)]);
        let end = until("2027-01-31").unwrap().unwrap().bare_until.unwrap();
        assert_eq!(end.to_string(), "2027-02-01T00:00:00Z");
        assert_eq!(until(" ").unwrap().unwrap().bare_until, None);
        for text in ["true", "31.1.2027", "2027-02-30", "9999-12-31"] {
            assert!(until(text).unwrap_err().to_string().starts_with(BARE_UNTIL), "{text}");
        }
    }

    #[test]
    fn without_a_key_tokens_are_sealed_under_the_client_secrets_unless_that_is_said_to_be_off() {
        let read = |text: &str| {
            SealingByClient::from_environment(&|name| (name == SEALING).then(|| text.to_owned()))
        };
        for (text, seals) in [("", true), ("true", true), (" false ", false)] {
            assert_eq!(read(text).unwrap(), SealingByClient { seals, bare_until: None }, "{text}");
        }
        assert!(read("off").unwrap_err().to_string().starts_with(SEALING));
    }
}
