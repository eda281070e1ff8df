//! The three scopes that the sandbox knows.

use std::collections::BTreeSet;

use serde::Serialize;

/// One permission (RFC 6749 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum SandboxScope {
    /// `notes:read`
    #[serde(rename = "notes:read")]
    NotesRead,
    /// `notes:write`
    #[serde(rename = "notes:write")]
    NotesWrite,
    /// `offline_access`: with it comes a refresh token.
    #[serde(rename = "offline_access")]
    OfflineAccess,
}

/// A set of scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scopes(BTreeSet<SandboxScope>);

// === impl SandboxScope ===

impl SandboxScope {
    pub(crate) const ALL: [Self; 3] = [Self::NotesRead, Self::NotesWrite, Self::OfflineAccess];

    /// The scope as it is written in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotesRead => "notes:read",
            Self::NotesWrite => "notes:write",
            Self::OfflineAccess => "offline_access",
        }
    }

    /// What the consent page tells the person.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::NotesRead => "Read your notes",
            Self::NotesWrite => "Add notes for you",
            Self::OfflineAccess => "Stay connected when you are away",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

// === impl Scopes ===

impl Scopes {
    /// Reads a `scope` parameter: known scopes, one space between them, at least one; otherwise nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.split(' ').map(SandboxScope::parse).collect::<Option<BTreeSet<_>>>().map(Self)
    }

    pub(crate) fn contains(&self, scope: SandboxScope) -> bool {
        self.0.contains(&scope)
    }

    pub(crate) fn is_within(&self, granted: &Self) -> bool {
        self.0.is_subset(&granted.0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = SandboxScope> {
        self.0.iter().copied()
    }

    /// The `scope` member of a reply.
    pub(crate) fn join(&self) -> String {
        self.iter().map(SandboxScope::as_str).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_scopes_are_read() {
        for (text, read) in [
            ("notes:read", Some("notes:read")),
            ("offline_access notes:read", Some("notes:read offline_access")),
            ("notes:read notes:read", Some("notes:read")),
            ("", None),
            ("notes:read  notes:write", None),
            ("notes:admin", None),
            ("Notes:read", None),
            ("notes:read,notes:write", None),
        ] {
            assert_eq!(Scopes::parse(text).map(|scopes| scopes.join()).as_deref(), read, "{text:?}");
        }
    }
}
