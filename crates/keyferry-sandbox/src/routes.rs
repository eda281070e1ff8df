//! The one table of all routes.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};

use crate::{
    authorize::{self, decision, host},
    faults::{self, Target},
    metadata, notes, revoke,
    state::SandboxState,
    token,
};

/// Largest request body.
const BODY_LIMIT: usize = 16 * 1024;

pub(crate) fn router(state: Arc<SandboxState>) -> Router {
    let pages = Router::new()
        .route("/authorize", get(authorize::show))
        .route("/authorize/decision", post(decision::decide))
        .route(
            "/control/faults",
            get(faults::control::list).post(faults::control::add).delete(faults::control::clear),
        )
        .route("/control/counters", get(faults::control::counters))
        .layer(from_fn_with_state(Arc::clone(&state), host::allow_loopback));
    let token = Router::new().route("/token", post(token::answer));
    let revoke = Router::new().route("/revoke", post(revoke::answer));
    let api =
        Router::new().route("/api/notes", get(notes::list).post(notes::add)).route("/api/me", get(notes::me));
    let metadata = Router::new().route("/.well-known/oauth-authorization-server", get(metadata::show));
    pages
        .merge(faults::layer(token, &state, Target::Token))
        .merge(faults::layer(revoke, &state, Target::Revoke))
        .merge(faults::layer(api, &state, Target::Api))
        .merge(metadata)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state)
}
