//! What a client wants to hear of: levels of messages, and changes.

use keyferry_core::id::ServerName;
use rmcp::{
    ErrorData, RoleServer,
    model::{
        LoggingLevel, ServerNotification, SetLevelRequest, SetLevelRequestParams, SubscribeRequest,
        SubscribeRequestParams,
    },
    service::{RequestContext, SubscriptionContext},
};

use super::{Gate, Scope};
use crate::{
    gateway::{error, forward, merged},
    runtime::mcp::{Asker, Told, Upstream},
};

impl Gate {
    /// The server and its own URI, of a URI as this client knows it.
    pub(super) async fn owner_of_uri(&self, uri: &str) -> Result<(ServerName, String), ErrorData> {
        match &self.scope {
            Scope::One(server) => Ok((server.clone(), uri.to_owned())),
            Scope::All => merged::owner_of_uri(&self.engine, uri).await,
        }
    }

    /// Sets the servers that run to the most talkative level that any client wants, and those that don't when they are started.
    pub(super) async fn set_level_of_servers(
        &self,
        level: LoggingLevel,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.client.set_level(level);
        let switchboard = self.engine.servers.switchboard();
        let least = switchboard.set_level(self.client.number(), level);
        let request = || SetLevelRequest::new(SetLevelRequestParams::new(least));
        if let Scope::One(server) = &self.scope {
            switchboard.note_level(server, least);
            return self.ask(server, request(), context).await;
        }
        for server in merged::servers(&self.engine).await? {
            switchboard.note_level(&server, least);
            let Ok(session) = self.engine.servers.session(&server) else { continue };
            let logs = session.info().is_some_and(|info| info.capabilities.logging.is_some());
            if logs
                && let Err(error) =
                    session.ask(Asker::default(), request().into(), "`logging/setLevel`").await
            {
                tracing::warn!(%server, ?error, "a server keeps its level");
            }
        }
        Ok(())
    }

    /// `subscriptions/listen`: tells what was asked for until the client goes.
    pub(super) async fn listen_until_cancelled(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let Some(mut heard) = self.client.attach(self.scope.server()) else {
            return Err(ErrorData::internal_error("one request listens once", None));
        };
        for uri in context.accepted().resource_subscriptions.iter().flatten() {
            let (server, own) = self.owner_of_uri(uri).await?;
            if self.client.subscribe(&server, &own, uri) == Upstream::Tell {
                let request = SubscribeRequest::new(SubscribeRequestParams::new(own));
                forward::ask_for::<()>(&self.engine, &server, Asker::default(), request).await?;
            }
        }
        let closing = &self.engine.ending;
        loop {
            let Told { server, mut notification } = tokio::select! {
                told = heard.recv() => match told { Some(told) => told, None => return Ok(()) },
                () = context.cancelled() => return Ok(()),
                () = closing.cancelled() => return Ok(()),
            };
            if let ServerNotification::ResourceUpdatedNotification(updated) = &mut notification {
                updated.params.uri = self.client.known_as(&server, &updated.params.uri);
            }
            // What was not asked for is refused by the sink.
            if let Err(rmcp::service::SubscriptionSendError::Service(error)) =
                context.sink().send(notification).await
            {
                return Err(error::of_service(&error));
            }
        }
    }
}
