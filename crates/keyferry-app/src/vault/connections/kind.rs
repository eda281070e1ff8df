//! How a person signed in.

/// The kind of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionKind {
    /// By OAuth: a grant, which a provider's endpoints refresh and revoke.
    Oauth,
    /// In a window in which the token was read: a session, which only the service's own page ends and only another sign-in renews.
    Browser,
}

impl ConnectionKind {
    /// The kind as a stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oauth => "oauth",
            Self::Browser => "browser",
        }
    }

    /// The kind that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Oauth, Self::Browser].into_iter().find(|kind| kind.as_str() == word)
    }
}
