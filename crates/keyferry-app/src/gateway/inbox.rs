//! What servers tell, on its way to one client: in order, and as that client knows it.

use std::{sync::Weak, time::Duration};

use rmcp::{RoleServer, model::ServerNotification, service::Peer};
use tokio::{sync::mpsc, time::timeout};

use super::gate::ClientState;
use crate::runtime::mcp::Told;

/// How long one message may take to be taken in. A client without an open stream takes in nothing.
const TAKEN_IN: Duration = Duration::from_secs(5);

/// Passes on what is heard, until the client is gone.
pub(super) async fn deliver(
    mut heard: mpsc::Receiver<Told>,
    peer: Peer<RoleServer>,
    client: Weak<ClientState>,
) {
    while let Some(Told { server, mut notification }) = heard.recv().await {
        let Some(client) = client.upgrade() else { return };
        if let ServerNotification::ResourceUpdatedNotification(updated) = &mut notification {
            updated.params.uri = client.known_as(&server, &updated.params.uri);
        }
        drop(client);
        if let Ok(Err(error)) = timeout(TAKEN_IN, peer.send_notification(notification)).await {
            tracing::debug!(%error, "a client was not told something");
            if peer.is_transport_closed() {
                return;
            }
        }
    }
}
