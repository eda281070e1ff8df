//! Where changes come from: the vault, the supervisor and the providers tell of theirs, and this hands them on.

use std::sync::Arc;

use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    watch,
};

use super::Change;
use crate::engine::Engine;

/// Hands on every change from this call on, until the app ends.
pub(crate) fn gather(engine: Arc<Engine>) -> impl Future<Output = ()> {
    let (mut providers, mut catalog) = (engine.providers.subscribe(), engine.catalog.subscribe());
    let (mut rows, mut servers) = (engine.vault.changes(), engine.servers.changes());
    async move {
        loop {
            tokio::select! {
                row = next(&mut rows) => hand_on(&engine, row),
                server = next(&mut servers) => hand_on(&engine, server.map(Change::Server)),
                Ok(()) = catalog.changed() => engine.events.tell(Change::Catalog),
                Ok(()) = providers.changed() => engine.events.tell(Change::Providers),
                () = engine.ending.cancelled() => return,
            }
        }
    }
}

/// The next change, or that some were missed.
async fn next<T: Clone>(changes: &mut Receiver<T>) -> Option<T> {
    match changes.recv().await {
        Ok(change) => Some(change),
        Err(RecvError::Lagged(_)) => None,
        // Its teller lives as long as the engine.
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

fn hand_on(engine: &Engine, change: Option<Change>) {
    match change {
        Some(change) => engine.events.tell(change),
        None => engine.events.lost_some(),
    }
}

/// Tells of something under way that it has begun, and of each change until its teller is gone.
pub(crate) async fn tell_while<T>(engine: Arc<Engine>, change: Change, mut standing: watch::Receiver<T>) {
    engine.events.tell(change.clone());
    while standing.changed().await.is_ok() {
        engine.events.tell(change.clone());
    }
}
