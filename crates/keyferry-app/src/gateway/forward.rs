//! One request to one server, and its answer as the type it should have.

use std::sync::Arc;

use keyferry_core::id::ServerName;
use rmcp::{
    ErrorData,
    model::{
        CallToolResponse, CallToolResult, ClientRequest, GetPromptResponse, GetPromptResult,
        ReadResourceResponse, ReadResourceResult, ResultType, ServerResult,
    },
};
use serde::de::DeserializeOwned;

use super::{error, upstream};
use crate::{
    engine::Engine,
    install::running,
    runtime::{
        RuntimeError,
        mcp::{AskError, Asker},
    },
};

/// Asks a server, which is started when it does not run. A tool that may be called twice is, where the server says that its token is
/// dead and another could be had.
pub(super) async fn ask(
    engine: &Arc<Engine>,
    server: &ServerName,
    asker: Asker,
    request: ClientRequest,
) -> Result<ServerResult, ErrorData> {
    let result = once(engine, server, &asker, &request).await?;
    let (ClientRequest::CallToolRequest(call), ServerResult::CallToolResult(told)) = (&request, &result)
    else {
        return Ok(result);
    };
    match running::is_worth_another(engine, server, &call.params.name, told).await {
        true => once(engine, server, &asker, &request).await,
        false => Ok(result),
    }
}

/// One that ends, or is replaced, just before it is asked has been sent nothing, so whoever stands in its place is asked.
async fn once(
    engine: &Arc<Engine>,
    server: &ServerName,
    asker: &Asker,
    request: &ClientRequest,
) -> Result<ServerResult, ErrorData> {
    match attempt(engine, server, asker, request).await? {
        Err(AskError::Runtime(RuntimeError::NotRunning { .. })) => {
            attempt(engine, server, asker, request).await?.map_err(error::of_ask)
        }
        answered => answered.map_err(error::of_ask),
    }
}

async fn attempt(
    engine: &Arc<Engine>,
    server: &ServerName,
    asker: &Asker,
    request: &ClientRequest,
) -> Result<Result<ServerResult, AskError>, ErrorData> {
    let session = tokio::select! {
        session = upstream::session(engine, server) => session.map_err(|error| error::of_app(&error))?,
        () = asker.gone.cancelled() => return Ok(Err(AskError::Cancelled)),
    };
    Ok(session.ask(asker.clone(), request.clone(), &what(request)).await)
}

/// Asks, and takes the answer as what it should be.
pub(super) async fn ask_for<T: Answer>(
    engine: &Arc<Engine>,
    server: &ServerName,
    asker: Asker,
    request: impl Into<ClientRequest>,
) -> Result<T, ErrorData> {
    let request = request.into();
    let what = what(&request);
    read(server, what, ask(engine, server, asker, request).await?)
}

/// Takes an answer as what it should be.
pub(super) fn read<T: Answer>(
    server: &ServerName,
    what: String,
    result: ServerResult,
) -> Result<T, ErrorData> {
    T::of(result).ok_or_else(|| error::of_runtime(&RuntimeError::BadReply { server: server.clone(), what }))
}

/// A request in a person's words.
pub(super) fn what(request: &ClientRequest) -> String {
    match request {
        ClientRequest::CallToolRequest(call) => crate::runtime::mcp::shown_tool(&call.params.name),
        request => format!("`{}`", request.method().chars().take(64).collect::<String>()),
    }
}

/// Marks an answer as whole, which MCP 2026-07-28 demands and servers of earlier versions don't say. The library takes the mark away
/// again for clients of those.
macro_rules! whole {
    ($result:expr) => {{
        let mut result = $result;
        result.result_type.get_or_insert(ResultType::COMPLETE);
        result
    }};
}

/// What an answer should be. The library guesses its type from its fields, and may guess another that has the same.
pub(super) trait Answer: Sized {
    fn of(result: ServerResult) -> Option<Self>;
}

/// An answer by the library's guess, or else by its JSON.
macro_rules! answers {
    ($($Type:ident),* $(,)?) => { $(
        impl Answer for rmcp::model::$Type {
            fn of(result: ServerResult) -> Option<Self> {
                let result = match result {
                    ServerResult::$Type(result) => result,
                    other => again(&other)?,
                };
                Some(whole!(result))
            }
        }
    )* };
}

answers!(
    CompleteResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
);

fn again<T: DeserializeOwned>(result: &ServerResult) -> Option<T> {
    serde_json::from_value(serde_json::to_value(result).ok()?).ok()
}

impl Answer for CallToolResponse {
    fn of(result: ServerResult) -> Option<Self> {
        match result {
            ServerResult::CallToolResult(result) => Some(Self::Complete(whole!(result))),
            ServerResult::InputRequiredResult(result) => Some(Self::InputRequired(result)),
            ServerResult::CreateTaskResult(result) => Some(Self::Task(result)),
            // Some servers answer `{}` when there is nothing to say.
            ServerResult::EmptyResult(_) => Some(Self::Complete(CallToolResult::success(Vec::new()))),
            other => Some(Self::Complete(whole!(again::<CallToolResult>(&other)?))),
        }
    }
}

impl Answer for GetPromptResponse {
    fn of(result: ServerResult) -> Option<Self> {
        match result {
            ServerResult::GetPromptResult(result) => Some(Self::Complete(whole!(result))),
            ServerResult::InputRequiredResult(result) => Some(Self::InputRequired(result)),
            other => Some(Self::Complete(whole!(again::<GetPromptResult>(&other)?))),
        }
    }
}

impl Answer for ReadResourceResponse {
    fn of(result: ServerResult) -> Option<Self> {
        match result {
            ServerResult::ReadResourceResult(result) => Some(Self::Complete(whole!(result))),
            ServerResult::InputRequiredResult(result) => Some(Self::InputRequired(result)),
            other => Some(Self::Complete(whole!(again::<ReadResourceResult>(&other)?))),
        }
    }
}

/// An answer that says only that it was done. What else is in it is nobody's.
impl Answer for () {
    fn of(_result: ServerResult) -> Option<Self> {
        Some(())
    }
}

impl Answer for rmcp::model::CustomResult {
    fn of(result: ServerResult) -> Option<Self> {
        serde_json::to_value(&result).ok().map(Self)
    }
}
