//! What can go wrong, as a person reads it: what failed, why, and what to do. Exit code 1, or 2 for a command that was written wrong.

#[cfg(feature = "app")]
mod of_the_app;

use std::{fmt::Display, process::ExitCode};

use keyferry_core::problem::Problem;

use crate::output;

/// A failure on its way to the person.
#[derive(Debug)]
pub(crate) struct CliError {
    problem: Problem,
    usage: bool,
}

pub(crate) type CliResult<T = ()> = Result<T, CliError>;

impl CliError {
    /// The command was understood and did not work.
    pub(crate) fn failed(code: &str, message: impl Display) -> Self {
        Self { problem: Problem::new(code, message.to_string()), usage: false }
    }

    /// The command was written wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { problem: Problem::new("usage", message.to_string()), usage: true }
    }

    /// The same, with what to do.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.problem.hint = Some(hint.to_string());
        self
    }

    /// Prints it to standard error.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        let text = if json {
            serde_json::to_string(&self.problem).unwrap_or_else(|_| self.problem.message.clone())
        } else {
            match &self.problem.hint {
                Some(hint) => format!("error: {}\nhint: {hint}", self.problem.message),
                None => format!("error: {}", self.problem.message),
            }
        };
        output::note(&text);
        ExitCode::from(if self.usage { 2 } else { 1 })
    }
}
