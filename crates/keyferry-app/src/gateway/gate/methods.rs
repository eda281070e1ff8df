//! What a client can ask of a gate, method by method. The library dispatches; here is said whom each goes to.

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::*,
    service::{NotificationContext, RequestContext, SubscriptionContext},
};

use super::{Gate, Scope, everything, of_all};
use crate::{
    gateway::{inbox, merged, merged::Merged, names, uris},
    runtime::mcp::Upstream,
};

impl ServerHandler for Gate {
    /// Before the server was asked, what any may offer.
    fn get_info(&self) -> ServerConfig {
        match &self.scope {
            Scope::All => of_all(),
            Scope::One(server) => {
                let mut info = InitializeResult::new(everything());
                info.server_info = Implementation::new(server.as_str(), "");
                info
            }
        }
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let version = self.negotiate_initialize(&request)?.protocol_version;
        let mut introduction = self.introduction().await?;
        introduction.protocol_version = version;
        if let Some(heard) = self.client.attach(self.scope.server()) {
            let client = std::sync::Arc::downgrade(&self.client);
            self.engine.tasks.spawn(inbox::deliver(heard, context.peer, client));
        }
        Ok(introduction)
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.introduction().await?))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        if let Scope::One(server) = &self.scope {
            return self.ask(server, listing(ListToolsRequest::default(), request), context).await;
        }
        let Merged { items, missing } = merged::all::<Tool>(&self.engine).await?;
        self.tell_missing(&missing, &context).await;
        Ok(ListToolsResult::with_all_items(merged::renamed(items)))
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let server = match &self.scope {
            Scope::One(server) => server.clone(),
            Scope::All => {
                let (server, tool) = merged::owner::<Tool>(&self.engine, &request.name).await?;
                request.name = tool.into();
                server
            }
        };
        self.ask_and_be_asked(&server, CallToolRequest::new(request), context).await
    }

    /// For the headers of MCP 2026-07-28 that repeat a call's arguments: as far as the tool is known already.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        let (server, own) = match &self.scope {
            Scope::One(server) => (server.clone(), name.to_owned()),
            Scope::All => names::joined(name).map(|(server, own)| (server, own.to_owned()))?,
        };
        let known = self.engine.gateway.lists.known::<Tool>(&self.engine, &server)?;
        known.iter().find(|tool| tool.name == own).cloned()
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        if let Scope::One(server) = &self.scope {
            return self.ask(server, listing(ListPromptsRequest::default(), request), context).await;
        }
        let Merged { items, missing } = merged::all::<Prompt>(&self.engine).await?;
        self.tell_missing(&missing, &context).await;
        Ok(ListPromptsResult::with_all_items(merged::renamed(items)))
    }

    async fn get_prompt(
        &self,
        mut request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let server = match &self.scope {
            Scope::One(server) => server.clone(),
            Scope::All => {
                let (server, prompt) = merged::owner::<Prompt>(&self.engine, &request.name).await?;
                request.name = prompt;
                server
            }
        };
        self.ask_and_be_asked(&server, GetPromptRequest::new(request), context).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        if let Scope::One(server) = &self.scope {
            return self.ask(server, listing(ListResourcesRequest::default(), request), context).await;
        }
        let Merged { items, missing } = merged::all::<Resource>(&self.engine).await?;
        self.tell_missing(&missing, &context).await;
        Ok(ListResourcesResult::with_all_items(merged::readdressed(items)))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        if let Scope::One(server) = &self.scope {
            return self
                .ask(server, listing(ListResourceTemplatesRequest::default(), request), context)
                .await;
        }
        let Merged { items, missing } = merged::all::<ResourceTemplate>(&self.engine).await?;
        self.tell_missing(&missing, &context).await;
        Ok(ListResourceTemplatesResult::with_all_items(merged::readdressed(items)))
    }

    async fn read_resource(
        &self,
        mut request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let (server, own) = self.owner_of_uri(&request.uri).await?;
        let asked = std::mem::replace(&mut request.uri, own.clone());
        let mut answer = self.ask_and_be_asked(&server, ReadResourceRequest::new(request), context).await?;
        if let ReadResourceResponse::Complete(read) = &mut answer
            && asked != own
        {
            for contents in &mut read.contents {
                readdress(contents, |uri| uris::prefixed(&server, uri));
            }
        }
        Ok(answer)
    }

    async fn subscribe(
        &self,
        mut request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let (server, own) = self.owner_of_uri(&request.uri).await?;
        let known_as = std::mem::replace(&mut request.uri, own.clone());
        if self.client.subscribe(&server, &own, &known_as) == Upstream::Leave {
            return Ok(());
        }
        let told = self.ask(&server, SubscribeRequest::new(request), context).await;
        if told.is_err() {
            self.client.unsubscribe(&server, &own);
        }
        told
    }

    async fn unsubscribe(
        &self,
        mut request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let (server, own) = self.owner_of_uri(&request.uri).await?;
        request.uri.clone_from(&own);
        match self.client.unsubscribe(&server, &own) {
            Upstream::Leave => Ok(()),
            Upstream::Tell => self.ask(&server, UnsubscribeRequest::new(request), context).await,
        }
    }

    /// What a client without `resources/subscribe` (MCP 2026-07-28) may listen to: all that it asks for.
    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.listen_until_cancelled(context).await
    }

    async fn complete(
        &self,
        mut request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let server = match (&self.scope, &mut request.r#ref) {
            (Scope::One(server), _) => server.clone(),
            (Scope::All, Reference::Prompt(prompt)) => {
                let (server, own) = merged::owner::<Prompt>(&self.engine, &prompt.name).await?;
                prompt.name = own;
                server
            }
            (Scope::All, Reference::Resource(resource)) => {
                let (server, own) = merged::owner_of_template(&self.engine, &resource.uri).await?;
                resource.uri = own;
                server
            }
            (Scope::All, _) => {
                return Err(ErrorData::invalid_params("completion is for a prompt or a resource", None));
            }
        };
        self.ask(&server, CompleteRequest::new(request), context).await
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.set_level_of_servers(request.level, context).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        match &self.scope {
            Scope::One(server) => self.ask(server, ClientRequest::CustomRequest(request), context).await,
            Scope::All => {
                let message = format!("{} goes to no server: use /mcp/SERVER", request.method);
                Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None))
            }
        }
    }

    async fn on_progress(&self, mut report: ProgressNotificationParam, _: NotificationContext<RoleServer>) {
        if let Some((server, token)) = self.client.asks().server(&report.progress_token) {
            report.progress_token = token;
            _ = server.send_notification(ProgressNotification::new(report).into()).await;
        }
    }

    async fn on_roots_list_changed(&self, _: NotificationContext<RoleServer>) {
        self.tell(RootsListChangedNotification::default().into()).await;
    }

    async fn on_custom_notification(
        &self,
        notification: CustomNotification,
        _: NotificationContext<RoleServer>,
    ) {
        if matches!(self.scope, Scope::One(_)) {
            self.tell(notification.into()).await;
        }
    }
}

/// A request for a page of a list.
fn listing<M>(
    mut request: RequestOptionalParam<M, PaginatedRequestParams>,
    page: Option<PaginatedRequestParams>,
) -> RequestOptionalParam<M, PaginatedRequestParams> {
    request.params = page;
    request
}

fn readdress(contents: &mut ResourceContents, change: impl Fn(&str) -> String) {
    match contents {
        ResourceContents::TextResourceContents { uri, .. }
        | ResourceContents::BlobResourceContents { uri, .. } => {
            *uri = change(uri);
        }
        _ => {}
    }
}
