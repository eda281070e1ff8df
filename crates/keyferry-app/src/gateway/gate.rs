//! The server that one client of the gateway sees. It answers nothing by itself: it forwards to the servers of its scope.

mod client;
mod listening;
mod methods;

use std::sync::Arc;

use keyferry_core::id::ServerName;
use rmcp::{
    ErrorData, RoleServer,
    model::{
        ClientNotification, ClientRequest, Implementation, InitializeResult, InputRequiredResult, JsonObject,
        LoggingLevel, LoggingMessageNotification, LoggingMessageNotificationParam, PromptsCapability,
        ResourcesCapability, ServerCapabilities, ToolsCapability,
    },
    service::RequestContext,
};
use serde_json::json;

use super::{
    forward::{self, Answer},
    lists::info,
    merged::Missing,
    rounds::{self, Asked},
};
use crate::engine::Engine;

pub(super) use client::{ClientState, is_stateless};

/// What a client reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    One(ServerName),
}

impl Scope {
    fn server(&self) -> Option<&ServerName> {
        match self {
            Self::All => None,
            Self::One(server) => Some(server),
        }
    }
}

/// One client's server: of a session, or, where the protocol has none, of a request.
pub(super) struct Gate {
    engine: Arc<Engine>,
    scope: Scope,
    client: Arc<ClientState>,
}

impl Gate {
    pub(super) fn new(engine: Arc<Engine>, scope: Scope) -> Self {
        let client = ClientState::new(engine.servers.switchboard().clone(), Arc::clone(&engine));
        Self { engine, scope, client: Arc::new(client) }
    }

    /// Asks one server on behalf of this client.
    async fn ask<T: Answer>(
        &self,
        server: &ServerName,
        request: impl Into<ClientRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<T, ErrorData> {
        forward::ask_for(&self.engine, server, self.client.asker(context), request).await
    }

    /// Asks one server for what it may have to ask this client about.
    async fn ask_and_be_asked<T: Answer + From<InputRequiredResult>>(
        &self,
        server: &ServerName,
        request: impl Into<ClientRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<T, ErrorData> {
        if !is_stateless(&context) {
            return self.ask(server, request, context).await;
        }
        let hearing = self.client.hear(server, &context).await;
        let asked = Asked { server, request: request.into(), scope: &self.scope };
        let answer = rounds::ask(&self.engine, &self.client, asked, context).await;
        if let Some(hearing) = hearing {
            hearing.end().await;
        }
        answer
    }

    /// What the endpoint says of itself.
    async fn introduction(&self) -> Result<InitializeResult, ErrorData> {
        let Scope::One(server) = &self.scope else { return Ok(of_all()) };
        let info = info(&self.engine, server).await?;
        let mut introduction = InitializeResult::new(passed_on(&info.capabilities));
        introduction.server_info =
            info.server_info.clone().unwrap_or_else(|| Implementation::new(server.as_str(), ""));
        introduction.instructions.clone_from(&info.instructions);
        Ok(introduction)
    }

    /// Tells a notification of the client's to the servers that run.
    async fn tell(&self, notification: ClientNotification) {
        let servers = match &self.scope {
            Scope::One(server) => vec![server.clone()],
            Scope::All => self.engine.servers.statuses().into_keys().collect(),
        };
        for server in servers {
            if let Ok(session) = self.engine.servers.session(&server) {
                session.tell(notification.clone()).await;
            }
        }
    }

    /// Tells the client which servers are missing in what it got.
    async fn tell_missing(&self, missing: &[Missing], context: &RequestContext<RoleServer>) {
        for Missing { server, reason } in missing {
            let data = json!(format!("{server} is left out: {reason}"));
            let params = LoggingMessageNotificationParam::new(LoggingLevel::Warning, data)
                .with_logger("keyferry".to_owned());
            if self.client.wants(LoggingLevel::Warning, context) {
                _ = context.peer.send_notification(LoggingMessageNotification::new(params).into()).await;
            }
        }
    }
}

/// What `/mcp` says of itself: the same whichever servers there are, for they come and go while a client stays.
fn of_all() -> InitializeResult {
    let mut all = InitializeResult::new(everything());
    all.server_info = Implementation::new("keyferry", env!("CARGO_PKG_VERSION"));
    all.instructions = Some(
        "Several MCP servers behind one endpoint. The tools and prompts of a server NAME are called NAME__TOOL and NAME__PROMPT."
            .to_owned(),
    );
    all
}

fn everything() -> ServerCapabilities {
    let mut all = ServerCapabilities::default();
    all.logging = Some(JsonObject::new());
    all.completions = Some(JsonObject::new());
    all.prompts = Some(PromptsCapability::default());
    all.tools = Some(ToolsCapability::default());
    let mut resources = ResourcesCapability::default();
    resources.subscribe = Some(true);
    all.resources = Some(resources);
    changing(all)
}

/// What a server offers and the gateway passes on. Extensions need the gateway's own part, which it does not play.
fn passed_on(offered: &ServerCapabilities) -> ServerCapabilities {
    let mut passed_on = offered.clone();
    passed_on.extensions = None;
    changing(passed_on)
}

/// Lists change whether or not a server says so: it may be restarted, with another account or in another version.
fn changing(mut capabilities: ServerCapabilities) -> ServerCapabilities {
    if let Some(tools) = &mut capabilities.tools {
        tools.list_changed = Some(true);
    }
    if let Some(prompts) = &mut capabilities.prompts {
        prompts.list_changed = Some(true);
    }
    if let Some(resources) = &mut capabilities.resources {
        resources.list_changed = Some(true);
    }
    capabilities
}
