//! From the errors of the modules to problems and statuses: the one edge where inside becomes outside.

use axum::http::StatusCode;

use super::{ApiError, dto::Problem};
use crate::runtime::RuntimeError;

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
            RuntimeError::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            RuntimeError::Variable { .. }
            | RuntimeError::Argument { .. }
            | RuntimeError::ProgramNotFound { .. }
            | RuntimeError::NotExecutable { .. }
            | RuntimeError::TooManyServers(_) => StatusCode::UNPROCESSABLE_ENTITY,
            RuntimeError::Folder(_) | RuntimeError::Log { .. } | RuntimeError::Unkillable { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, Problem::from(&error))
    }
}
