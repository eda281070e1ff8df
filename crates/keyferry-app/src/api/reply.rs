//! Replies that belong to no route, and the headers of all.

use std::any::Any;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::{ApiError, dto::Problem};

/// Nothing of ours is to be kept, framed, guessed at or passed on. A route's own header wins.
const SAFE: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(super) async fn with_safe_headers(mut response: Response) -> Response {
    for (name, value) in SAFE {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

pub(super) async fn not_found() -> ApiError {
    ApiError::not_found(Problem::new("no_route", "there is nothing at this path"))
}

pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        Problem::new("bad_method", "this path does not take this method"),
    )
}

/// A panic fails its own request. Its payload may quote a secret, so it is not logged here; the hook has named the place.
pub(super) fn panicked(_payload: Box<dyn Any + Send>) -> Response {
    ApiError::internal(&"a handler panicked").into_response()
}
