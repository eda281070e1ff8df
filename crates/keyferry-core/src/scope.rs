//! Scopes (RFC 6749 §3.3).

use std::fmt;

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a scope is 1 to 512 visible ASCII characters other than '\"' and '\\'")]
pub struct InvalidScope;

/// One scope: `scope-token` of RFC 6749 §3.3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(String);

impl Scope {
    /// Checks the grammar of RFC 6749 §3.3.
    ///
    /// # Errors
    /// [`InvalidScope`] for an empty or overlong text, or a character outside the grammar.
    pub fn new(text: &str) -> Result<Self, InvalidScope> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if (1..=512).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidScope)
        }
    }

    /// The scope's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A set of scopes, in the order in which they were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// No scope at all.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Reads scopes from a provider's text. Space and comma separate, whatever the provider's own separator is, for replies
    /// often use another one than requests; what is no scope is left out, since a reply must not be lost over it.
    #[must_use]
    pub fn from_reply(text: &str) -> Self {
        text.split([' ', ',', '\t', '\n']).filter_map(|part| Scope::new(part).ok()).collect()
    }

    /// The scopes as one text for a request, joined by the provider's separator.
    #[must_use]
    pub fn join(&self, separator: &str) -> String {
        self.0.iter().map(Scope::as_str).collect::<Vec<_>>().join(separator)
    }

    /// The scopes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// These scopes, and those of the other set that are not among them.
    #[must_use]
    pub fn with(&self, more: &Scopes) -> Scopes {
        self.0.iter().chain(&more.0).cloned().collect()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes of this set that `granted` lacks. `offline_access` is not among them: it asks for a refresh token, and
    /// providers commonly leave it out of the granted scopes.
    #[must_use]
    pub fn missing_from(&self, granted: &Scopes) -> Scopes {
        let missing = |scope: &&Scope| scope.as_str() != "offline_access" && !granted.0.contains(scope);
        self.0.iter().filter(missing).cloned().collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Vec::new();
        for scope in scopes {
            if !set.contains(&scope) {
                set.push(scope);
            }
        }
        Self(set)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_keep_their_order_and_count_once() {
        let scopes = Scopes::from_reply("b a b,c");
        assert_eq!(scopes.join(" "), "b a c");
        assert_eq!(scopes.join(","), "b,a,c");
    }

    #[test]
    fn a_grant_that_lacks_a_scope_is_noticed() {
        let asked = Scopes::from_reply("read write offline_access");
        assert_eq!(asked.missing_from(&Scopes::from_reply("read")).join(" "), "write");
        assert!(asked.missing_from(&Scopes::from_reply("write read")).is_empty());
    }

    #[test]
    fn scopes_grow_by_what_is_new() {
        let scopes = Scopes::from_reply("read write").with(&Scopes::from_reply("write admin"));
        assert_eq!(scopes.join(" "), "read write admin");
    }

    #[test]
    fn a_scope_keeps_its_grammar() {
        assert!(Scope::new("https://www.googleapis.com/auth/drive.readonly").is_ok());
        for bad in ["", "a b", "a\"b", "a\\b", "a\n", "é"] {
            assert!(Scope::new(bad).is_err(), "{bad:?}");
        }
    }
}
