//! Who looks at a page.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};

use super::locked;
use crate::{
    api::{ApiError, Caller, Shared},
    engine::Engine,
    sessions::{Notice, SessionKey},
};

/// The name of the field by which a form shows that a page of the same session made it.
pub(super) const FORM_TOKEN: &str = "form_token";

/// A person at a page: the app, and their session.
pub(super) struct Visit {
    pub(super) engine: Arc<Engine>,
    pub(super) session: SessionKey,
    /// The path of what is asked for.
    path: String,
    /// Whether a script asks, to merge what has changed into the page that is shown.
    pub(super) by_script: bool,
    form_token: String,
}

/// One who may or may not have a session.
pub(super) struct Visitor(pub(super) Option<Visit>);

impl FromRequestParts<Arc<Engine>> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, engine: &Arc<Engine>) -> Result<Self, Infallible> {
        let Some(Caller::Person(session)) = parts.extensions.get::<Caller>().copied() else {
            return Ok(Self(None));
        };
        let visit = engine.sessions.form_token(session).map(|form_token| Visit {
            engine: Arc::clone(engine),
            session,
            path: parts.uri.path().to_owned(),
            by_script: parts.headers.contains_key("hx-request"),
            form_token,
        });
        Ok(Self(visit))
    }
}

impl FromRequestParts<Arc<Engine>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, engine: &Arc<Engine>) -> Result<Self, Response> {
        let Ok(Visitor(visit)) = Visitor::from_request_parts(parts, engine).await;
        visit.ok_or_else(locked)
    }
}

// === impl Visit ===

impl Visit {
    /// The app, as the functions of the local API take it.
    pub(super) fn shared(&self) -> Shared {
        State(Arc::clone(&self.engine))
    }

    /// What every form holds.
    pub(super) fn form_token(&self) -> Markup {
        html! { input type="hidden" name=(FORM_TOKEN) value=(self.form_token); }
    }

    /// The word that was left for the page. A script, which shows none, takes none.
    pub(super) fn told(&self) -> Option<Notice> {
        if self.by_script { None } else { self.engine.sessions.told(self.session, &self.path) }
    }

    /// Sends the person on to a page, with a word for it.
    pub(super) fn go(&self, to: &str, notice: impl Into<Notice>) -> Response {
        self.engine.sessions.tell(self.session, to, notice.into());
        see(to)
    }

    /// Sends the person on with how it went: the word for it, or what went wrong.
    pub(super) fn done<T>(
        &self,
        to: &str,
        outcome: Result<T, ApiError>,
        word: impl FnOnce(T) -> String,
    ) -> Response {
        match outcome {
            Ok(done) => self.go(to, Notice::good(word(done))),
            Err(error) => self.go(to, error),
        }
    }
}

/// Sends the person on. 303: what comes next is read, whatever was sent (RFC 9110 §15.4.4).
pub(super) fn see(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to.to_owned())]).into_response()
}
