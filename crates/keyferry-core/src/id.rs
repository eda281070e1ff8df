//! Names and identifiers. Each is parsed once, at the edge, and is then safe as a map key, a path component and a log field.

mod connection;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use connection::ConnectionId;

/// A text that can't be a name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {shown:?} is not valid: {rule}")]
pub struct InvalidId {
    what: &'static str,
    shown: String,
    rule: &'static str,
}

impl InvalidId {
    /// Of a long text only the beginning is shown.
    fn new(what: &'static str, text: &str, rule: &'static str) -> Self {
        Self { what, shown: text.chars().take(60).collect(), rule }
    }
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(InvalidId::new($what, text, $rule))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The name of a provider: its file's name without `.toml`.
    ProviderName, "the provider name", "1 to 64 of a-z, 0-9 and '-', beginning and ending with a letter or digit",
    |text| within(text, 64, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && ends_in_alphanumeric(text)
}
id! {
    /// The `name` of a manifest.
    ManifestName, "the manifest name", "1 to 128 of A-Z, a-z, 0-9, '_', '-' and '.', beginning with a letter or digit, without '..'",
    |text| within(text, 128, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) && safe_component(text)
}
id! {
    /// The name of an installed server. Also the name of its folder.
    ServerName, "the server name", "1 to 128 of a-z, 0-9, '_', '-' and '.', beginning with a letter or digit, without '..'",
    |text| within(text, 128, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte))
        && safe_component(text)
}
id! {
    /// The name of a value that a provider asks of the person, or of a fact that it tells.
    FactName, "the name", "1 to 64 of letters, digits, '_' and '-', beginning with a letter",
    |text| within(text, 64, |byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
}
id! {
    /// A client identifier (RFC 6749 §2.2). Not a secret.
    ClientId, "the client id", "1 to 1024 visible ASCII characters",
    |text| within(text, 1024, |byte| byte.is_ascii_graphic())
}

impl ProviderName {
    /// The name as it begins the provider's variables: `ms-teams` gives `MS_TEAMS`.
    #[must_use]
    pub fn env_prefix(&self) -> String {
        self.0.to_ascii_uppercase().replace('-', "_")
    }
}

impl ServerName {
    /// The name that a manifest's server is installed under when the person names none: the same, in lower case.
    #[must_use]
    pub fn from_manifest(name: &ManifestName) -> Self {
        Self(name.0.to_ascii_lowercase())
    }
}

fn within(text: &str, most: usize, allowed: fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(allowed)
}

fn ends_in_alphanumeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

fn safe_component(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && !text.contains("..") && !text.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_a_path_or_a_variable_are_refused() {
        let long = "a".repeat(10_000);
        for bad in [
            "", "PATH", "../x", "a/b", "a\\b", "a\0", "a b", "jira\n", "jıra", "-a", "a-", ".", "..", "a_b",
            &long,
        ] {
            assert!(bad.parse::<ProviderName>().is_err(), "{bad:?}");
        }
        for bad in ["", "..", ".hidden", "a/../b", "a..b", "a/b", "a b", "a\u{202e}b", "a.", &long] {
            assert!(bad.parse::<ManifestName>().is_err(), "{bad:?}");
            assert!(bad.parse::<ServerName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_overlong_name_is_not_repeated_whole_in_the_error() {
        let error = "x/".repeat(5_000).parse::<ProviderName>().unwrap_err();
        assert!(error.to_string().len() < 250);
    }

    #[test]
    fn a_provider_names_its_variables() {
        assert_eq!("ms-teams".parse::<ProviderName>().unwrap().env_prefix(), "MS_TEAMS");
    }
}
