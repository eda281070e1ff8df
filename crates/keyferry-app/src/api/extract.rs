//! Bodies, queries and path parts, parsed once; what doesn't parse is answered as a [`Problem`].

use std::{fmt::Display, str::FromStr};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{ApiError, dto::Problem};

/// A JSON body; none counts as `{}`. Its values may be secrets, so an error says where it is wrong and never repeats it.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        let json = if bytes.is_empty() { b"{}" } else { bytes.as_ref() };
        serde_json::from_slice(json).map(Self).map_err(|error| {
            let what = if error.is_data() { "what this route takes" } else { "JSON" };
            let message =
                format!("the body is not {what} (line {}, column {})", error.line(), error.column());
            ApiError::bad_request(Problem::new("bad_body", message))
        })
    }
}

fn unread(rejection: BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let problem = Problem::new("body_too_large", "the body is larger than this app takes");
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, problem);
    }
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        Problem::new("body_unread", "the body did not arrive in time or whole"),
    )
}

/// The query's parameters.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Query::try_from_uri(&parts.uri).map(|Query(parameters)| Self(parameters)).map_err(|_| {
            ApiError::bad_request(Problem::new(
                "bad_query",
                "a parameter of the query is unknown or has a wrong value",
            ))
        })
    }
}

/// The one name in the path, parsed. What can't be such a name can't be found.
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr<Err: Display>> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let unreadable = || ApiError::not_found(Problem::new("bad_name", "the path can't be read"));
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| unreadable())?;
        text.parse().map(Self).map_err(ApiError::bad_name)
    }
}
