//! What a person sends: a form of a page of their own session.

use std::{fmt, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts as _, Request},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use url::form_urlencoded;

use super::{
    failed::Failed,
    visit::{FORM_TOKEN, Visit},
};
use crate::{
    api::{ApiError, dto::Problem},
    engine::Engine,
};

/// More fields than any form of ours has.
const MOST_FIELDS: usize = 2_000;

/// A form, and who sent it. There is no other way to a form's fields, so none is read unchecked.
pub(super) struct Sent {
    pub(super) visit: Visit,
    pub(super) fields: Fields,
}

/// The fields of a form, in their order. A value may be a secret.
#[derive(Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl FromRequest<Arc<Engine>> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, engine: &Arc<Engine>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, engine).await?;
        let request = Request::from_parts(parts, body);
        let bytes = Bytes::from_request(request, engine).await.map_err(|rejection| {
            let problem = Problem::new("form_unread", "the form is too large, or did not arrive whole");
            Failed::from(ApiError::new(rejection.status(), problem)).into_response()
        })?;
        let fields = Fields::parse(&bytes);
        let token = fields.one(FORM_TOKEN).unwrap_or_default();
        if !engine.sessions.owns_form(visit.session, token) {
            tracing::warn!("a form was refused: it is of no page of its session");
            return Err(Failed::from(foreign()).into_response());
        }
        Ok(Self { visit, fields })
    }
}

fn foreign() -> ApiError {
    let problem = Problem::new("foreign_form", "this form is of no page of this session");
    ApiError::new(StatusCode::FORBIDDEN, problem.with_hint("open the page anew and send it once more"))
}

// === impl Fields ===

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().take(MOST_FIELDS).collect())
    }

    /// The first value of this name.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value of this name, unless it is blank.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.one(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// All values of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The filled fields whose names begin so, without that beginning.
    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let named = self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)));
        named.map(|(name, value)| (name, value.trim())).filter(|(_, value)| !value.is_empty())
    }
}

/// Values may be secrets.
impl fmt::Debug for Fields {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
