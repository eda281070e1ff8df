//! Requests of a server, passed on to the client whose call is under way.

use keyferry_core::id::ServerName;
use rmcp::{
    ErrorData, RoleClient,
    model::{
        ClientCapabilities, ClientConfig, ClientResult, ElicitationCapability, ErrorCode,
        FormElicitationCapability, GetExtensions as _, Implementation, ProtocolVersion, RequestMetaObject,
        RootsCapabilities, SamplingCapability, ServerNotification, ServerRequest, UrlElicitationCapability,
    },
    service::{
        NotificationContext, OriginatingRequestId, PeerRequestOptions, RequestContext, Service, ServiceError,
    },
};

use super::{
    Switchboard,
    caller::{Caller, Reach},
    rounds,
};

/// The client's end of a session with a server.
pub(super) struct Relay {
    pub(super) server: ServerName,
    pub(super) session: u64,
    pub(super) switchboard: Switchboard,
}

impl Service<RoleClient> for Relay {
    async fn handle_request(
        &self,
        request: ServerRequest,
        context: RequestContext<RoleClient>,
    ) -> Result<ClientResult, ErrorData> {
        if matches!(request, ServerRequest::PingRequest(_)) {
            return Ok(ClientResult::empty(()));
        }
        let caller = self.switchboard.caller(&self.server, self.session).map_err(|reason| {
            tracing::warn!(server = %self.server, %reason, "a server's request was refused");
            ErrorData::new(ErrorCode::INVALID_REQUEST, reason.to_string(), None)
        })?;
        is_able(&caller.client.capabilities, &request)?;
        match caller.client.reach.clone() {
            Reach::Rounds(questions) => rounds::ask(&caller, &questions, request, &context).await,
            _ => ask(caller, request, context).await,
        }
    }

    /// `Tap` has passed them on before, for here they are not in order any more.
    async fn handle_notification(
        &self,
        _notification: ServerNotification,
        _context: NotificationContext<RoleClient>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn get_info(&self) -> ClientConfig {
        let ourselves = Implementation::new("keyferry", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(offered(), ourselves).with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }
}

/// What can be passed on. Whether the client whose turn it is can answer shows when it is asked.
fn offered() -> ClientCapabilities {
    let mut offered = ClientCapabilities::default();
    let mut roots = RootsCapabilities::default();
    roots.list_changed = Some(true);
    offered.roots = Some(roots);
    offered.sampling = Some(SamplingCapability::default());
    let mut elicitation = ElicitationCapability::default();
    elicitation.form = Some(FormElicitationCapability::default());
    elicitation.url = Some(UrlElicitationCapability::default());
    offered.elicitation = Some(elicitation);
    offered
}

/// A client is asked for what it said it can do (MCP, "Lifecycle": "only use capabilities that were successfully negotiated").
fn is_able(capabilities: &ClientCapabilities, request: &ServerRequest) -> Result<(), ErrorData> {
    let (able, what) = match request {
        ServerRequest::CreateMessageRequest(_) => (capabilities.sampling.is_some(), "sampling"),
        ServerRequest::ElicitRequest(_) => (capabilities.elicitation.is_some(), "elicitation"),
        ServerRequest::ListRootsRequest(_) => (capabilities.roots.is_some(), "roots"),
        _ => (true, ""),
    };
    if able {
        return Ok(());
    }
    let message = format!("the client whose call this belongs to does not support {what}");
    Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None))
}

async fn ask(
    caller: Caller,
    mut request: ServerRequest,
    context: RequestContext<RoleClient>,
) -> Result<ClientResult, ErrorData> {
    if let Some(id) = caller.request.clone() {
        // Makes the request travel on the stream of the call that it belongs to.
        request.extensions_mut().insert(OriginatingRequestId(id));
    }
    let theirs = context.meta.get_progress_token();
    let options = PeerRequestOptions::no_options().with_meta(without_token(context.meta));
    let client = &caller.client;
    let mut handle = client.peer.send_cancellable_request(request, options).await.map_err(failed)?;
    let mine = handle.progress_token.clone();
    if let Some(theirs) = theirs {
        client.asks.begin(mine.clone(), context.peer, theirs);
    }
    let outcome = tokio::select! {
        answer = &mut handle.rx => Ok(answer.unwrap_or(Err(ServiceError::TransportClosed))),
        () = context.ct.cancelled() => Err("the server cancelled its request"),
        () = caller.over.cancelled() => Err("the call that this belongs to is over"),
    };
    client.asks.end(&mine);
    match outcome {
        Ok(answer) => answer.map_err(failed),
        Err(reason) => {
            _ = handle.cancel(Some(reason.to_owned())).await;
            Err(ErrorData::new(ErrorCode::INVALID_REQUEST, reason, None))
        }
    }
}

fn without_token(mut meta: RequestMetaObject) -> RequestMetaObject {
    meta.remove("progressToken");
    meta
}

/// An error of the client's goes back as it is.
fn failed(error: ServiceError) -> ErrorData {
    match error {
        ServiceError::McpError(data) => data,
        error => ErrorData::internal_error(format!("the client can't be asked: {error}"), None),
    }
}
