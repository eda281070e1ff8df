//! The app's failures, and what its commands look for in one.

use keyferry_app::{
    BootError,
    home::HomeError,
    settings::SettingsError,
    vault::{PassphraseError, upkeep::UpkeepError},
};
use keyferry_core::problem::Problem;

use super::CliError;

impl CliError {
    /// What went wrong, and what to do, for whoever is not at a terminal.
    pub(crate) fn told(&self) -> String {
        match &self.problem.hint {
            Some(hint) => format!("{}; {hint}", self.problem.message),
            None => self.problem.message.clone(),
        }
    }

    /// Whether it is the failure of this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.problem.error == code
    }

    /// What failed.
    pub(crate) fn message(&self) -> String {
        self.problem.message.clone()
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
