//! What needs no token: the health check, and the way back from a provider.

use axum::extract::{Path, RawQuery, State, rejection::PathRejection};

use super::Shared;
use crate::pages::SignInPage;

/// `GET /health`: the app answers.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /oauth/callback/{provider}`: the authorization response (RFC 6749 §4.1.2). Nothing of it stands in the page.
pub(super) async fn callback(
    State(engine): Shared,
    provider: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> SignInPage {
    // A name that is no text is nobody's.
    let provider = provider.map(|Path(provider)| provider).unwrap_or_default();
    engine.connections.receive(&provider, &query.unwrap_or_default()).await
}
