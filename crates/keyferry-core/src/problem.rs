//! What went wrong, in the one form that every reply, step and report uses.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A failure as a program and a person both can read it.
///
/// It is the body of every reply with a status of 400 and above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A stable word a program can branch on, such as `unknown_provider`.
    pub error: String,
    /// What failed and why, in one sentence for a person. Never a secret.
    pub message: String,
    /// What the person can do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(error: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error: error.into(), message: message.into(), hint: None }
    }

    /// The same problem, with what the person can do next.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
