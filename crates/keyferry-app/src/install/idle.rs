//! Stops servers that have had nothing to do for long, where the person wants that. The next call starts them again.

use std::{sync::Arc, time::Duration};

use keyferry_core::id::ServerName;

use crate::{engine::Engine, runtime::ServerState};

/// How often is looked, at least.
const SELDOM: Duration = Duration::from_secs(30);

/// Looks after idle servers for as long as the app runs.
pub(crate) async fn stop_idle(engine: Arc<Engine>) {
    let Some(limit) = engine.settings.server_idle_limit else { return };
    loop {
        tokio::select! {
            () = tokio::time::sleep((limit / 4).min(SELDOM)) => {}
            () = engine.ending.cancelled() => return,
        }
        for (server, status) in engine.servers.statuses() {
            if status.state == ServerState::Running && is_idle(&engine, &server, limit) {
                stop(&engine, &server, limit).await;
            }
        }
    }
}

fn is_idle(engine: &Engine, server: &ServerName, limit: Duration) -> bool {
    engine.servers.switchboard().idle_for(server).is_some_and(|idle| idle >= limit)
}

async fn stop(engine: &Engine, server: &ServerName, limit: Duration) {
    let _turn = engine.turns.of(server).await;
    // Whoever had the turn may have called it.
    if !is_idle(engine, server, limit) {
        return;
    }
    tracing::info!(%server, "an idle server is stopped");
    engine.deliveries.forget(server);
    if let Err(error) = engine.servers.stop(server).await {
        tracing::warn!(%server, %error, "an idle server was not stopped");
    }
}
