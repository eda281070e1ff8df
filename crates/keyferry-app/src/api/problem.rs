//! From the errors of the modules to problems and statuses: the one edge where inside becomes outside.

use axum::http::StatusCode;
use keyferry_core::flow::error::FailureClass;

use super::{ApiError, dto::Problem};
use crate::{connections::ConnectionError, runtime::RuntimeError, vault::VaultError};

impl From<&RuntimeError> for Problem {
    fn from(error: &RuntimeError) -> Self {
        Self::new(error.code(), error.to_string()).with_hint(error.hint())
    }
}

impl From<RuntimeError> for ApiError {
    fn from(error: RuntimeError) -> Self {
        let status = match &error {
            RuntimeError::NotRunning { .. } | RuntimeError::StoppedMeanwhile { .. } => StatusCode::CONFLICT,
            RuntimeError::TimedOut { .. } | RuntimeError::NeverAnswered { .. } => StatusCode::GATEWAY_TIMEOUT,
            RuntimeError::NoEngine { .. } | RuntimeError::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            RuntimeError::Variable { .. }
            | RuntimeError::Argument { .. }
            | RuntimeError::ProgramNotFound { .. }
            | RuntimeError::NotExecutable { .. }
            | RuntimeError::Mount { .. }
            | RuntimeError::NotStatic { .. }
            | RuntimeError::TooManyServers(_) => StatusCode::UNPROCESSABLE_ENTITY,
            RuntimeError::Folder(_) | RuntimeError::Log { .. } | RuntimeError::Unkillable { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, Problem::from(&error))
    }
}

impl From<&VaultError> for Problem {
    fn from(error: &VaultError) -> Self {
        Self::new("vault", error.to_string()).with_hint(error.hint())
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "the vault failed");
        let status = match error {
            VaultError::Changed => StatusCode::CONFLICT,
            VaultError::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, Problem::from(&error))
    }
}

impl From<&ConnectionError> for Problem {
    fn from(error: &ConnectionError) -> Self {
        Self::new(error.code(), error.to_string()).with_hint(error.hint())
    }
}

impl From<ConnectionError> for ApiError {
    fn from(error: ConnectionError) -> Self {
        let status = match &error {
            ConnectionError::Vault(_) => StatusCode::INTERNAL_SERVER_ERROR,
            ConnectionError::Unknown(_) => StatusCode::NOT_FOUND,
            ConnectionError::Proxy(_) if error.class() == FailureClass::Passing => StatusCode::BAD_GATEWAY,
            ConnectionError::TooMany | ConnectionError::Closing => StatusCode::SERVICE_UNAVAILABLE,
            ConnectionError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, Problem::from(&error))
    }
}
