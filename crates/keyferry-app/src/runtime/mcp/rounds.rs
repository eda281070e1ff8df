//! Requests of a server for a client that is asked by the answer to its call (MCP 2026-07-28, "Multi Round-Trip Requests").

use rmcp::{
    ErrorData, RoleClient,
    model::{
        ClientResult, CreateMessageResult, ElicitResult, ErrorCode, GetExtensions as _, InputRequest,
        ListRootsResult, ServerRequest,
    },
    service::RequestContext,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::caller::{Caller, Question};

/// Reads an answer as what it should be.
type Read = fn(Value) -> Option<ClientResult>;

/// Hands the question over, and waits for the round that brings its answer.
pub(super) async fn ask(
    caller: &Caller,
    questions: &mpsc::Sender<Question>,
    mut request: ServerRequest,
    context: &RequestContext<RoleClient>,
) -> Result<ClientResult, ErrorData> {
    // What the server said about its request is between the server and us.
    request.extensions_mut().clear();
    let (request, read) = question(request)?;
    let (answer, answered) = oneshot::channel();
    let answered = async {
        questions.send(Question { request, answer }).await.ok()?;
        answered.await.ok()
    };
    let outcome = tokio::select! {
        answered = answered => answered.ok_or("the client did not come back with an answer"),
        () = context.ct.cancelled() => Err("the server cancelled its request"),
        () = caller.over.cancelled() => Err("the call that this belongs to is over"),
    };
    let invalid = |reason: &str| ErrorData::new(ErrorCode::INVALID_REQUEST, reason.to_owned(), None);
    let answer = outcome.map_err(invalid)?;
    read(answer).ok_or_else(|| invalid("the client's answer is not one to this question"))
}

fn question(request: ServerRequest) -> Result<(InputRequest, Read), ErrorData> {
    match request {
        ServerRequest::CreateMessageRequest(request) => {
            Ok((InputRequest::CreateMessage(request), read::<CreateMessageResult>))
        }
        ServerRequest::ElicitRequest(request) => {
            Ok((InputRequest::Elicitation(request), read::<ElicitResult>))
        }
        ServerRequest::ListRootsRequest(request) => {
            Ok((InputRequest::ListRoots(request), read::<ListRootsResult>))
        }
        _ => {
            let message = "the client's version of MCP has no such request";
            Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None))
        }
    }
}

fn read<T: DeserializeOwned + Into<ClientResult>>(answer: Value) -> Option<ClientResult> {
    serde_json::from_value::<T>(answer).ok().map(Into::into)
}
