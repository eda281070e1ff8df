//! The one place from which a request gets the session with a server.

use std::sync::Arc;

use keyferry_core::id::ServerName;

use crate::{api::ApiError, engine::Engine, install::running, runtime::mcp::Session};

/// The session of a server that runs, or is meant to, with tokens that are good. To be asked for anew for every request: a server
/// may be replaced between two.
///
/// A start goes on when whoever waits for it gives up.
pub(super) async fn session(engine: &Arc<Engine>, server: &ServerName) -> Result<Session, ApiError> {
    if let Some(session) = running::at_hand(engine, server) {
        return Ok(session);
    }
    let (engine, server) = (Arc::clone(engine), server.clone());
    let tasks = engine.tasks.clone();
    let ready = tasks.spawn(async move {
        tokio::select! {
            session = running::session(&engine, &server) => session,
            () = engine.ending.cancelled() => Err(crate::runtime::RuntimeError::ShuttingDown.into()),
        }
    });
    ready.await.unwrap_or_else(|error| Err(ApiError::internal(&error)))
}
