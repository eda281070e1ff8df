//! A page that could not be shown, or a form that came to nothing.

use std::{fmt::Display, str::FromStr};

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use maud::html;

use super::frame;
use crate::api::{ApiError, extract::Named};

/// What went wrong, as a page.
#[derive(Debug)]
pub(super) struct Failed(ApiError);

/// What a page comes to.
pub(super) type Shown = Result<Response, Failed>;

impl<E: Into<ApiError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let problem = self.0.problem();
        let body = html! {
            p { (problem.message) }
            @if let Some(hint) = &problem.hint { p { (hint) } }
            p.go { a href="/" { "To the start" } }
        };
        frame::page(self.0.status(), "That did not work", &body, frame::Script::None)
    }
}

/// The one name in the path, parsed. What can't be such a name can't be found.
pub(super) struct Of<T>(pub(super) T);

impl<S: Send + Sync, T: FromStr<Err: Display>> FromRequestParts<S> for Of<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failed> {
        let Named(name) = Named::from_request_parts(parts, state).await?;
        Ok(Self(name))
    }
}
