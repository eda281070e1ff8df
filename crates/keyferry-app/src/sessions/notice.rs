//! What a page is to say once: how the thing went that the person has just asked for.

use crate::api::{ApiError, dto::Problem};

/// A word for the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// How it went.
    pub(crate) tone: Tone,
    /// What happened.
    pub(crate) text: String,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

/// How a thing went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it was asked for.
    Good,
    /// Not, or not wholly.
    Bad,
}

impl Notice {
    /// It is done.
    pub(crate) fn good(text: impl Into<String>) -> Self {
        Self { tone: Tone::Good, text: text.into(), hint: None }
    }
}

impl From<&Problem> for Notice {
    fn from(problem: &Problem) -> Self {
        Self { tone: Tone::Bad, text: problem.message.clone(), hint: problem.hint.clone() }
    }
}

impl From<ApiError> for Notice {
    fn from(error: ApiError) -> Self {
        Self::from(error.problem())
    }
}
