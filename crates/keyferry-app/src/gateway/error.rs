//! What went wrong, as a client is told.

use rmcp::{ErrorData, model::ErrorCode};
use serde_json::json;

use crate::{
    api::{ApiError, dto::Problem},
    runtime::{RuntimeError, mcp::AskError},
};

/// An error of the app's own: its text says what to do, its data has the stable word.
pub(super) fn of_app(error: &ApiError) -> ErrorData {
    of_problem(error.problem())
}

fn of_problem(problem: &Problem) -> ErrorData {
    let message = match &problem.hint {
        Some(hint) => format!("{}; {hint}", problem.message),
        None => problem.message.clone(),
    };
    ErrorData::internal_error(message, Some(json!({ "code": problem.error })))
}

/// A server's own error goes on as it is.
pub(super) fn of_ask(error: AskError) -> ErrorData {
    match error {
        AskError::Server(data) => data,
        AskError::Runtime(error) => of_runtime(&error),
        AskError::Cancelled => ErrorData::new(ErrorCode::INTERNAL_ERROR, "the request was cancelled", None),
    }
}

pub(super) fn of_runtime(error: &RuntimeError) -> ErrorData {
    of_problem(&Problem::from(error))
}

/// There is no such thing.
pub(super) fn unknown(message: String) -> ErrorData {
    ErrorData::invalid_params(message, None)
}

/// A client that can't be reached is not told so.
pub(super) fn of_service(error: &rmcp::ServiceError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
