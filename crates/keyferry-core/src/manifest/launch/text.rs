//! An argument or a variable's value, ready to be handed over.

use super::{LaunchError, fill::Part};
use crate::secret::SecretText;

/// A filled text. One that holds a sensitive setting can't be printed.
#[derive(Debug, Clone)]
pub enum LaunchText {
    /// Anything else than a secret.
    Plain(String),
    /// A text with a sensitive setting in it.
    Secret {
        /// The text.
        text: SecretText,
        /// The same with `[redacted]` in the secret's place.
        shown: String,
    },
}

impl LaunchText {
    /// Joins filled parts.
    pub(super) fn join(parts: &[Part], place: &str) -> Result<Self, LaunchError> {
        let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
        if !parts.iter().any(|part| part.secret) {
            return Ok(Self::Plain(whole));
        }
        let mut shown = String::new();
        let mut hidden = false;
        for part in parts {
            match (part.secret, hidden) {
                (false, _) => shown.push_str(&part.text),
                (true, false) => shown.push_str("[redacted]"),
                (true, true) => {}
            }
            hidden = part.secret;
        }
        let text = SecretText::new(whole).map_err(|_| LaunchError::TooLong { place: place.to_owned() })?;
        Ok(Self::Secret { text, shown })
    }

    /// Whether a sensitive setting is in it.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret { .. })
    }

    /// The text itself, for the one place that starts the server.
    #[must_use]
    pub fn expose_text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret { text, .. } => text.expose_secret(),
        }
    }

    /// The text with `[redacted]` in a secret's place. Not escaped yet.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret { shown, .. } => shown,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.expose_text().len()
    }
}
