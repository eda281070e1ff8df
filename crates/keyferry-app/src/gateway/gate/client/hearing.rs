//! Messages of a server's log for a client without a session, which asks for them with each request (MCP 2026-07-28, `logLevel`).

use std::sync::Arc;

use keyferry_core::id::ServerName;
use rmcp::{
    RoleServer,
    model::{ServerNotification, SetLevelRequest, SetLevelRequestParams},
    service::RequestContext,
};
use tokio::task::JoinHandle;

use super::ClientState;
use crate::runtime::mcp::Asker;

/// A client that hears of a server's log while its request is under way.
pub(in crate::gateway::gate) struct Hearing {
    client: Arc<ClientState>,
    deliveries: JoinHandle<()>,
}

impl ClientState {
    /// From now on the client hears; none where it did not ask for it.
    pub(in crate::gateway::gate) async fn hear(
        self: &Arc<Self>,
        server: &ServerName,
        context: &RequestContext<RoleServer>,
    ) -> Option<Hearing> {
        let level = context.meta.log_level()?;
        let mut heard = self.attach(Some(server))?;
        let switchboard = self.engine.servers.switchboard();
        let least = switchboard.set_level(self.number, level);
        if switchboard.is_quieter(server, least) {
            self.tell_level(server, least).await;
        }
        let peer = context.peer.clone();
        let deliveries = tokio::spawn(async move {
            while let Some(told) = heard.recv().await {
                if matches!(told.notification, ServerNotification::LoggingMessageNotification(_))
                    && let Err(error) = peer.send_notification(told.notification).await
                {
                    tracing::debug!(%error, "a client was not told something");
                }
            }
        });
        Some(Hearing { client: Arc::clone(self), deliveries })
    }

    /// Sets a server that was told to be quieter.
    async fn tell_level(&self, server: &ServerName, level: rmcp::model::LoggingLevel) {
        self.engine.servers.switchboard().note_level(server, level);
        let Ok(session) = self.engine.servers.session(server) else { return };
        let request = SetLevelRequest::new(SetLevelRequestParams::new(level)).into();
        if let Err(error) = session.ask(Asker::default(), request, "`logging/setLevel`").await {
            tracing::warn!(%server, ?error, "a server keeps its level");
        }
    }
}

impl Hearing {
    /// Ends it, when all that was told is on its way.
    pub(in crate::gateway::gate) async fn end(self) {
        self.client.detach();
        _ = self.deliveries.await;
    }
}
