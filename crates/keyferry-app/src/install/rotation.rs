//! New tokens for servers that run, as soon as their connection has them.
//!
//! Whoever calls a server makes sure of its tokens as well; this has them there before anybody calls.

use std::sync::Arc;

use keyferry_core::id::{ConnectionId, ServerName};
use tokio::sync::broadcast::error::RecvError;

use super::running;
use crate::engine::Engine;

/// Hands on every change until the app ends.
pub(crate) async fn keep_rotating(engine: Arc<Engine>) {
    let mut changes = engine.connections.changes();
    loop {
        let changed = tokio::select! {
            changed = changes.recv() => changed,
            () = engine.ending.cancelled() => return,
        };
        match changed {
            Ok(connection) => hand_on(&engine, Some(&connection)).await,
            // Which ones were missed is not known.
            Err(RecvError::Lagged(_)) => hand_on(&engine, None).await,
            Err(RecvError::Closed) => return,
        }
    }
}

/// Renews the servers of a connection that run, or those of all connections, each on its own.
async fn hand_on(engine: &Arc<Engine>, connection: Option<&ConnectionId>) {
    let heads = match engine.vault.server_heads().await {
        Ok(heads) => heads,
        Err(error) => return tracing::error!(%error, "the servers of a connection are not known"),
    };
    for head in heads {
        let concerned =
            head.connection.is_some() && connection.is_none_or(|id| head.connection.as_ref() == Some(id));
        if concerned && engine.servers.can_be_called(&head.name) {
            let tasks = engine.tasks.clone();
            tasks.spawn(renew(Arc::clone(engine), head.name));
        }
    }
}

async fn renew(engine: Arc<Engine>, server: ServerName) {
    tokio::select! {
        renewed = running::renew(&engine, &server) => if let Err(error) = renewed {
            tracing::warn!(%server, problem = error.message(), "a server could not be given its new tokens yet");
        },
        () = engine.ending.cancelled() => {}
    }
}
