//! How a connection does.

/// The tone and the words for the health that the API tells.
pub(in crate::pages) fn health(word: &str) -> (&'static str, &'static str) {
    match word {
        "good" => ("good", "Working"),
        "due" => ("busy", "About to be refreshed"),
        "failing" => ("warn", "A refresh failed; it is tried again"),
        "resting" => ("warn", "The service wants rest; it is tried again"),
        "unsaved" => ("warn", "New tokens wait for the disk"),
        "needs_sign_in" => ("bad", "Sign in again"),
        "revocation_pending" => ("warn", "Being revoked"),
        _ => ("calm", "Unknown"),
    }
}
