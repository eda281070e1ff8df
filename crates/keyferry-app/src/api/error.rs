//! A reply that says what went wrong.

use std::fmt::Display;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::dto::Problem;

/// A status and the problem that is the reply's body.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    problem: Problem,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, problem: Problem) -> Self {
        Self { status, problem }
    }

    /// The reply's status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What went wrong, for a person.
    pub(crate) fn message(&self) -> &str {
        &self.problem.message
    }

    /// What went wrong, for a person and for programs.
    pub(crate) fn problem(&self) -> &Problem {
        &self.problem
    }

    /// 404: the URL names a thing that is not there.
    pub(crate) fn not_found(problem: Problem) -> Self {
        Self::new(StatusCode::NOT_FOUND, problem)
    }

    /// 404: what can't be such a name can't be found.
    pub(crate) fn bad_name(error: impl Display) -> Self {
        Self::not_found(Problem::new("bad_name", error.to_string()))
    }

    /// 400: the request can't be understood.
    pub(crate) fn bad_request(problem: Problem) -> Self {
        Self::new(StatusCode::BAD_REQUEST, problem)
    }

    /// 500, with the detail in the log alone.
    pub(crate) fn internal(detail: &dyn Display) -> Self {
        tracing::error!(%detail, "a request failed inside");
        let problem =
            Problem::new("internal", "something failed inside the app").with_hint("the app's log says more");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, problem)
    }

    /// 503: too many ask at once.
    pub(crate) fn busy() -> Self {
        let problem =
            Problem::new("busy", "too many requests wait at once").with_hint("try again in a moment");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, problem)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.problem)).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
