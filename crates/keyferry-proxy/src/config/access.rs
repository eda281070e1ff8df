//! Who may use the proxy: named keys, of which only hashes are kept.

use std::{collections::HashSet, fmt, sync::Arc};

use keyferry_core::id::ProviderName;
use sha2::{Digest, Sha256};

use super::{ConfigError, Rate, source};

const VARIABLE: &str = "KEYFERRY_PROXY_ACCESS_KEYS";

/// Fewest characters of an access key. A key is hashed without a salt or stretching, which is sound for random keys alone; a
/// shorter one could be guessed from its hash.
const SHORTEST: usize = 24;

/// One access key: whose it is, its SHA-256, and what it is good for.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    caller: Arc<str>,
    digest: [u8; 32],
    providers: Option<Vec<ProviderName>>,
    rate: Option<Rate>,
}

/// All access keys. Two keys may bear one name, so that a key can be replaced without a gap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessKeys {
    keys: Vec<AccessKey>,
}

/// Why access keys can't be used. Names the entry by its position, never by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccessKeys {
    /// No `name=key`.
    #[error("KEYFERRY_PROXY_ACCESS_KEYS: entry {0} is no name=key (name: 1 to 64 of a-z, 0-9, '-', '_')")]
    Name(usize),
    /// A key that is too short or holds other than visible ASCII.
    #[error(
        "KEYFERRY_PROXY_ACCESS_KEYS: the key of entry {0} must have at least 24 visible characters; make one with `openssl rand -base64 32`"
    )]
    Key(usize),
    /// `sha256:` without 64 hexadecimal digits.
    #[error("KEYFERRY_PROXY_ACCESS_KEYS: entry {0} must have 64 hexadecimal digits after sha256:")]
    Digest(usize),
    /// What stands behind the hash is neither a list of providers nor a rate.
    #[error(
        "KEYFERRY_PROXY_ACCESS_KEYS: behind the hash of entry {0} only ;providers=NAME+NAME and ;rate=600/m may stand, each once"
    )]
    Option(usize),
    /// The same key twice.
    #[error("KEYFERRY_PROXY_ACCESS_KEYS: entry {0} repeats the key of an earlier one")]
    Repeated(usize),
}

// === impl AccessKey ===

impl AccessKey {
    /// Whose it is. Sealed refresh tokens are bound to this name: under another one they no longer open.
    #[must_use]
    pub fn caller(&self) -> &Arc<str> {
        &self.caller
    }

    /// The key's SHA-256.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The only providers that it is good for; none for all.
    #[must_use]
    pub fn providers(&self) -> Option<&[ProviderName]> {
        self.providers.as_deref()
    }

    /// How often its holders may ask; none for what the proxy says of all keys.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        self.rate
    }

    /// A short name of it, which says nothing of the key: the first eight digits of its hash.
    #[must_use]
    pub fn id(&self) -> String {
        hex(&self.digest).chars().take(8).collect()
    }

    /// The entry of a key that was just made. The key itself is not kept.
    ///
    /// # Errors
    /// [`InvalidAccessKeys`], with position 1.
    pub fn entry(
        name: &str,
        key: &str,
        providers: Option<Vec<ProviderName>>,
        rate: Option<Rate>,
    ) -> Result<Self, InvalidAccessKeys> {
        Ok(Self { providers, rate, ..Self::parse(1, &format!("{name}={key}"))? })
    }

    fn parse(position: usize, entry: &str) -> Result<Self, InvalidAccessKeys> {
        let (name, key) = entry.split_once('=').ok_or(InvalidAccessKeys::Name(position))?;
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(InvalidAccessKeys::Name(position));
        }
        let (mut providers, mut rate) = (None, None);
        let digest = match key.strip_prefix("sha256:") {
            Some(hashed) => {
                let mut parts = hashed.split(';');
                let digest = parts.next().and_then(from_hex).ok_or(InvalidAccessKeys::Digest(position))?;
                for option in parts {
                    let refused = InvalidAccessKeys::Option(position);
                    match option.split_once('=').ok_or(refused)? {
                        ("providers", names) if providers.is_none() => {
                            let names = names.split('+').map(str::parse).collect::<Result<_, _>>();
                            providers = Some(names.map_err(|_| refused)?);
                        }
                        ("rate", text) if rate.is_none() => rate = Some(text.parse().map_err(|_| refused)?),
                        _ => return Err(refused),
                    }
                }
                digest
            }
            None if key.len() < SHORTEST || !key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                return Err(InvalidAccessKeys::Key(position));
            }
            None => Sha256::digest(key).into(),
        };
        Ok(Self { caller: name.into(), digest, providers, rate })
    }
}

impl fmt::Display for AccessKey {
    /// The entry, as it stands in a file. It holds the hash alone.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}=sha256:{}", self.caller, hex(&self.digest))?;
        if let Some(providers) = &self.providers {
            let names: Vec<_> = providers.iter().map(ProviderName::as_str).collect();
            write!(out, ";providers={}", names.join("+"))?;
        }
        match self.rate {
            Some(rate) => write!(out, ";rate={rate}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "AccessKey({}, [redacted])", self.caller)
    }
}

// === impl AccessKeys ===

impl AccessKeys {
    /// Reads `name=key` or `name=sha256:HEX` entries, separated by commas, spaces or lines. Behind a hash may stand
    /// `;providers=NAME+NAME` and `;rate=600/m`. A line that begins with `#` is a note.
    ///
    /// # Errors
    /// [`InvalidAccessKeys`] with the position of the first bad entry.
    pub fn parse(text: &str) -> Result<Self, InvalidAccessKeys> {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let entries =
            lines.flat_map(|line| line.split([',', ' ', '\t', '\r'])).filter(|entry| !entry.is_empty());
        let mut seen = HashSet::new();
        let read = entries.enumerate().map(|(index, entry)| {
            let key = AccessKey::parse(index + 1, entry)?;
            if seen.insert(key.digest) { Ok(key) } else { Err(InvalidAccessKeys::Repeated(index + 1)) }
        });
        Ok(Self { keys: read.collect::<Result<_, _>>()? })
    }

    /// Whether there are none, which lets in whoever reaches the proxy.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &AccessKey> {
        self.keys.iter()
    }

    pub(crate) fn from_environment(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let found = source::secret(lookup, VARIABLE)?;
        Ok(found.map(|found| Self::parse(found.told().expose_secret())).transpose()?.unwrap_or_default())
    }
}

fn hex(digest: &[u8; 32]) -> String {
    use fmt::Write as _;
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        let digits = text.get(at..at + 2).filter(|digits| !digits.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_hash_are_the_same_entry() {
        let key = "canary-key-of-enough-characters";
        let hex: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02X}")).collect();
        let plain = AccessKeys::parse(&format!("ada={key}\n")).unwrap();
        let hashed = AccessKeys::parse(&format!("ada=sha256:{hex}")).unwrap();
        assert_eq!(plain.keys[0].digest, hashed.keys[0].digest);
        assert_eq!(&**plain.keys[0].caller(), "ada");
        assert!(!format!("{plain:?}").contains("canary"));
        assert_eq!(
            AccessKeys::parse(&format!("a={key},b=sha256:{hex}")).unwrap_err(),
            InvalidAccessKeys::Repeated(2)
        );
    }

    #[test]
    fn an_entry_says_what_its_key_is_good_for() {
        let key = "canary-key-of-enough-characters";
        let providers = Some(vec!["jira".parse().unwrap(), "git-hub".parse().unwrap()]);
        let entry = AccessKey::entry("ada", key, providers, Some("60/m".parse().unwrap())).unwrap();
        let text = entry.to_string();
        assert!(text.ends_with(";providers=jira+git-hub;rate=60/m") && !text.contains("canary"), "{text}");
        let read = AccessKeys::parse(&format!("# of the office\n  {text}\nbob={key}-2, \n")).unwrap();
        assert_eq!(read.keys[0], entry);
        assert_eq!((read.keys[1].providers(), read.keys[1].rate(), read.keys.len()), (None, None, 2));
        assert_eq!(entry.id(), text["ada=sha256:".len()..][..8]);
        let bare = AccessKey::entry("ada", key, None, None).unwrap().to_string();
        for end in [";", ";x=1", ";rate=60", ";providers=", ";providers=A", ";rate=1/s;rate=2/s", ";rate"] {
            assert_eq!(
                AccessKeys::parse(&format!("{bare}{end}")),
                Err(InvalidAccessKeys::Option(1)),
                "{end}"
            );
        }
    }

    #[test]
    fn a_bad_entry_is_named_by_its_position_alone() {
        let good = "a=canary-key-of-enough-characters";
        let table = [
            (format!("{good} canary-without-a-name-at-all"), InvalidAccessKeys::Name(2)),
            ("A=canary-key-of-enough-characters".to_owned(), InvalidAccessKeys::Name(1)),
            ("=canary-key-of-enough-characters".to_owned(), InvalidAccessKeys::Name(1)),
            ("a=canary".to_owned(), InvalidAccessKeys::Key(1)),
            ("a=canary-kéy-of-enough-characters".to_owned(), InvalidAccessKeys::Key(1)),
            ("a=sha256:canary".to_owned(), InvalidAccessKeys::Digest(1)),
            (format!("a=sha256:{}", "+1".repeat(32)), InvalidAccessKeys::Digest(1)),
        ];
        for (text, expected) in table {
            let error = AccessKeys::parse(&text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("canary"));
        }
        assert!(AccessKeys::parse(" ,\n").unwrap().is_empty());
    }
}
