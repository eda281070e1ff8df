//! Newtypes for values that must never be printed.
//!
//! `Debug` prints `[redacted]`, there is no `Display` and no `Serialize`, memory is wiped on drop. The one way to the text is
//! `expose_secret`, so that a search for that word finds every place where a secret is opened.

use zeroize::Zeroizing;

use crate::flow::send_on::ReturnTo;

/// Why a text can't be a secret of its kind. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// No characters.
    #[error("it is empty")]
    Empty,
    /// More bytes than any real one has.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A character that the kind's grammar has no place for.
    #[error("it has a character that can't stand in it")]
    Character,
    /// Fewer characters than the grammar asks for.
    #[error("it is shorter than {limit} characters")]
    TooShort {
        /// The limit in characters.
        limit: usize,
    },
}

/// Visible ASCII without the space: a token with any other character could split a header, a line or a variable.
fn visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The `unreserved` set of RFC 3986 §2.3, which RFC 7636 §4.1 asks of a code verifier.
fn unreserved(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn no_control(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn no_nul(text: &str) -> bool {
    !text.contains('\0')
}

fn checked(
    text: String,
    limits: (usize, usize),
    grammar: fn(&str) -> bool,
) -> Result<Zeroizing<String>, InvalidSecret> {
    let text = Zeroizing::new(text);
    let (least, most) = limits;
    if text.is_empty() && least > 0 {
        return Err(InvalidSecret::Empty);
    }
    if text.len() > most {
        return Err(InvalidSecret::TooLong { limit: most });
    }
    if text.len() < least {
        return Err(InvalidSecret::TooShort { limit: least });
    }
    if grammar(&text) { Ok(text) } else { Err(InvalidSecret::Character) }
}

macro_rules! secret {
    ($(#[$meta:meta])* $name:ident, $limits:expr, $grammar:ident) => {
        $(#[$meta])*
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Checks the grammar and takes the text over.
            ///
            /// # Errors
            /// [`InvalidSecret`], which does not hold the text.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidSecret> {
                checked(text.into(), $limits, $grammar).map(Self)
            }

            /// The secret itself, for the one place that has to send, seal or deliver it.
            #[must_use]
            pub fn expose_secret(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("[redacted]")
            }
        }
    };
}

secret! {
    /// An access token (RFC 6749 §1.4). At most 32 KiB, visible ASCII.
    #[derive(Clone)]
    AccessToken, (1, 32 * 1024), visible
}
secret! {
    /// A refresh token (RFC 6749 §1.5). At most 32 KiB, visible ASCII.
    #[derive(Clone)]
    RefreshToken, (1, 32 * 1024), visible
}
secret! {
    /// An ID token (OpenID Connect Core §2), kept as it came. At most 32 KiB, visible ASCII.
    #[derive(Clone)]
    IdToken, (1, 32 * 1024), visible
}
secret! {
    /// An authorization code (RFC 6749 §4.1.2). Not `Clone`: it may be redeemed once.
    AuthorizationCode, (1, 8 * 1024), visible
}
secret! {
    /// A PKCE code verifier (RFC 7636 §4.1): 43 to 128 unreserved characters. Not `Clone`.
    CodeVerifier, (43, 128), unreserved
}
secret! {
    /// The `state` of one authorization request (RFC 6749 §10.12). Not `Clone`.
    State, (22, 512), unreserved
}
secret! {
    /// A client secret (RFC 6749 §2.3.1). At most 4 KiB, no control characters.
    #[derive(Clone)]
    ClientSecret, (1, 4 * 1024), no_control
}
secret! {
    /// Any other text that must not be printed, such as a sensitive setting or a filled template. At most 1 MiB, no NUL.
    #[derive(Clone, PartialEq, Eq)]
    SecretText, (0, 1024 * 1024), no_nul
}

impl CodeVerifier {
    /// The verifier of 256 bits of entropy: 43 characters of base64url (RFC 7636 §4.1).
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(encoded(entropy))
    }
}

impl State {
    /// The `state` of 256 bits of entropy: 43 characters of base64url.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(encoded(entropy))
    }
}

impl State {
    /// The `state` of a sign-in whose answer passes through the proxy: it says where the app awaits it.
    #[must_use]
    pub fn returning_to(target: impl Into<ReturnTo>, entropy: [u8; 32]) -> Self {
        Self(Zeroizing::new(format!("{}~{}", *encoded(entropy), target.into())))
    }

    /// Where its app waits, if it says so.
    #[must_use]
    pub fn return_to(&self) -> Option<ReturnTo> {
        let (entropy, target) = self.0.split_once('~')?;
        ReturnTo::parse(target).filter(|_| entropy.len() >= 43)
    }
}

impl SecretText {
    /// The text without characters.
    #[must_use]
    pub fn empty() -> Self {
        Self(Zeroizing::default())
    }
}

impl From<&AccessToken> for SecretText {
    fn from(token: &AccessToken) -> Self {
        Self(token.0.clone())
    }
}

impl From<&RefreshToken> for SecretText {
    fn from(token: &RefreshToken) -> Self {
        Self(token.0.clone())
    }
}

impl From<&IdToken> for SecretText {
    fn from(token: &IdToken) -> Self {
        Self(token.0.clone())
    }
}

fn encoded(entropy: [u8; 32]) -> Zeroizing<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(entropy).as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CANARY: &str = "canary-0123456789-0123456789-0123456789-0123456789";

    #[test]
    fn no_secret_type_prints_its_text() {
        let printed = [
            format!("{:?}", AccessToken::new(CANARY).unwrap()),
            format!("{:?}", RefreshToken::new(CANARY).unwrap()),
            format!("{:?}", IdToken::new(CANARY).unwrap()),
            format!("{:?}", AuthorizationCode::new(CANARY).unwrap()),
            format!("{:?}", CodeVerifier::new(CANARY).unwrap()),
            format!("{:?}", State::new(CANARY).unwrap()),
            format!("{:?}", ClientSecret::new(CANARY).unwrap()),
            format!("{:#?}", SecretText::new(CANARY).unwrap()),
        ];
        assert!(printed.iter().all(|text| text == "[redacted]"), "{printed:?}");
    }

    #[test]
    fn a_token_that_could_split_a_line_is_refused() {
        for bad in ["", "a b", "a\nb", "a\r\nb", "a\0b", "tök", "a\tb"] {
            assert!(AccessToken::new(bad).is_err(), "{bad:?}");
            assert!(RefreshToken::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            AccessToken::new("a".repeat(1024 * 1024)).unwrap_err(),
            InvalidSecret::TooLong { limit: 32 * 1024 }
        );
    }

    #[test]
    fn a_verifier_keeps_the_grammar_of_rfc_7636() {
        assert!(CodeVerifier::new("a".repeat(42)).is_err());
        assert!(CodeVerifier::new("a".repeat(43)).is_ok());
        assert!(CodeVerifier::new("~._-".repeat(32)).is_ok());
        assert!(CodeVerifier::new("a".repeat(129)).is_err());
        assert!(CodeVerifier::new(format!("{}+", "a".repeat(43))).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn every_entropy_makes_a_valid_and_distinct_verifier_and_state(one: [u8; 32], other: [u8; 32]) {
            let verifier = CodeVerifier::from_entropy(one);
            prop_assert!(CodeVerifier::new(verifier.expose_secret()).is_ok());
            prop_assert_eq!(verifier.expose_secret().len(), 43);
            prop_assert!(State::new(State::from_entropy(one).expose_secret()).is_ok());
            if one != other {
                let second = CodeVerifier::from_entropy(other);
                prop_assert_ne!(verifier.expose_secret(), second.expose_secret());
            }
        }
    }
}
