//! What can go wrong, as a person reads it: what failed, why, and what to do. Exit code 1, or 2 for a command that was written wrong.

use std::{fmt::Display, process::ExitCode};

use keyferry_app::{
    BootError,
    api::dto::Problem,
    home::HomeError,
    settings::SettingsError,
    vault::{PassphraseError, upkeep::UpkeepError},
};

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

    /// What went wrong, and what to do, for whoever is not at a terminal.
    pub(crate) fn told(&self) -> String {
        match &self.problem.hint {
            Some(hint) => format!("{}; {hint}", self.problem.message),
            None => self.problem.message.clone(),
        }
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

    /// Whether it is the failure of this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.problem.error == code
    }

    /// What failed.
    pub(crate) fn message(&self) -> String {
        self.problem.message.clone()
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

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        Self { problem, usage: false }
    }
}

impl From<SettingsError> for CliError {
    fn from(error: SettingsError) -> Self {
        let wrong = matches!(
            error,
            SettingsError::Invalid { .. } | SettingsError::UnknownKey { .. } | SettingsError::Both { .. }
        );
        let told = if wrong { Self::usage(&error) } else { Self::failed("settings", &error) };
        told.hint(error.hint())
    }
}

impl From<HomeError> for CliError {
    fn from(error: HomeError) -> Self {
        Self::failed(error.code(), &error).hint(error.hint())
    }
}

impl From<UpkeepError> for CliError {
    fn from(error: UpkeepError) -> Self {
        Self::failed(error.code(), &error).hint(error.hint())
    }
}

impl From<PassphraseError> for CliError {
    fn from(error: PassphraseError) -> Self {
        Self::failed("no_passphrase", &error).hint(error.hint())
    }
}

impl From<BootError> for CliError {
    fn from(error: BootError) -> Self {
        let hint = error.hint();
        Self::failed(error.code(), &error).hint(hint)
    }
}
