//! Uninstalling: the server stops, its connection goes with the last server that used it, its traces go.

use std::{fs, io};

use keyferry_core::id::{ConnectionId, ServerName};

use super::{InstallError, connect};
use crate::{
    api::{
        ApiError,
        dto::{RevocationReport, UninstallReport},
    },
    engine::Engine,
    runtime::ServerState,
};

/// Uninstalls a server, and says what became of its connection.
///
/// The server's row goes only after its connection is dealt with, so that an uninstall that was cut short can be asked for again.
pub(crate) async fn uninstall(engine: &Engine, name: &ServerName) -> Result<UninstallReport, ApiError> {
    let _turn = engine.turns.of(name).await;
    // Its settings need not be readable for it to go.
    let head = engine.head(name).await?;
    let was_running = engine.servers.status(name).state == ServerState::Running;
    engine.servers.stop(name).await?;
    let connection = match &head.connection {
        Some(id) => {
            // Until the row is gone: of two servers that go at once, the second finds that it is the last.
            let _giver = engine.givers.of(id).await;
            let report = give_back(engine, name, id).await?;
            remove_traces(engine, name).await?;
            Some(report)
        }
        None => {
            remove_traces(engine, name).await?;
            None
        }
    };
    tracing::info!(server = %name, "uninstalled");
    Ok(UninstallReport { server: name.to_string(), was_running, connection })
}

/// Revokes a connection that no other server uses.
async fn give_back(
    engine: &Engine,
    name: &ServerName,
    id: &ConnectionId,
) -> Result<RevocationReport, ApiError> {
    let others: Vec<_> = engine.vault.servers_of(id).await?.into_iter().filter(|user| user != name).collect();
    if others.is_empty() {
        connect::revoke(engine, id).await
    } else {
        connect::in_use(engine, id, &others).await
    }
}

/// Stops a server and removes its row, its log and its folder. Runs to its end though the row may be gone already.
pub(super) async fn remove_traces(engine: &Engine, name: &ServerName) -> Result<(), InstallError> {
    engine.deliveries.forget(name);
    engine.servers.remove(name).await?;
    engine.vault.remove_server(name).await?;
    let folder = engine.folder.server(name);
    let removed = tokio::task::spawn_blocking(move || match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    });
    if let Ok(Err(error)) = removed.await {
        tracing::warn!(server = %name, %error, "the server's folder could not be removed");
    }
    Ok(())
}
