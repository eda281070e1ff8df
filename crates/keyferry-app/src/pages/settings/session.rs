//! `/settings/session`

use axum::response::Response;

use crate::pages::{form::Sent, visit::see};

/// `POST …/close`: ends this browser's session.
pub(in crate::pages) async fn close(sent: Sent) -> Response {
    sent.visit.engine.sessions.close(sent.visit.session);
    see("/")
}
