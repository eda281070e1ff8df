//! The endpoint `/mcp`, as routes of the app's listener. The guard has been passed.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use keyferry_core::id::ServerName;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use super::{
    gate::{Gate, Scope},
    hangup::Hangup,
};
use crate::{
    api::{ApiError, Caller, Shared},
    engine::Engine,
    install::running,
};

/// The largest message of a client. As large as a server's may be.
const LARGEST_MESSAGE: usize = 16 * 1024 * 1024;

const SESSION: &str = "mcp-session-id";
const LAST_EVENT: &str = "last-event-id";

/// `/mcp`: every server.
pub(crate) async fn all(State(engine): Shared, request: Request) -> Response {
    serve(engine, Scope::All, request).await
}

/// `/mcp/{server}`: one server. Whether there is such a server shows when it is asked.
pub(crate) async fn one(State(engine): Shared, Path(server): Path<String>, request: Request) -> Response {
    match server.parse::<ServerName>() {
        Ok(server) if running::at_hand(&engine, &server).is_some() => {
            serve(engine, Scope::One(server), request).await
        }
        Ok(server) => match engine.record(&server).await {
            Ok(_) => serve(engine, Scope::One(server), request).await,
            Err(unknown) => unknown.into_response(),
        },
        Err(error) => ApiError::bad_name(error).into_response(),
    }
}

async fn serve(engine: Arc<Engine>, scope: Scope, mut request: Request) -> Response {
    let sessions = engine.gateway.sessions.clone();
    let caller = request.extensions().get::<Caller>().copied().unwrap_or(Caller::Stranger);
    let session = text(request.headers(), SESSION);
    let mut place = None;
    match &session {
        Some(id) if !sessions.admit(id, caller, &scope) => return no_session(),
        Some(id) if request.method() == Method::GET && request.headers().contains_key(LAST_EVENT) => {
            sessions.resume(id);
        }
        Some(_) => {}
        None if request.method() == Method::POST => {
            let Some(free) = sessions.place().await else { return ApiError::busy().into_response() };
            place = Some(free);
        }
        None => {}
    }
    let hangup = Hangup::default();
    request.extensions_mut().insert(hangup.clone());
    let is_call = request.method() == Method::POST;
    let is_end = request.method() == Method::DELETE;
    let mut response = service(&engine, scope.clone()).handle(request).await.map(Body::new);
    // Some clients take a session as closed only when that is said to be done.
    if is_end && response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    let opened = text(response.headers(), SESSION).filter(|_| session.is_none());
    if let Some(id) = &opened {
        sessions.opened(id, caller, scope);
    }
    drop(place);
    let Some(id) = session.or(opened) else { return response };
    let stream = sessions.stream(&id);
    let resumed = sessions.resumed(&id);
    let came_back = move || !is_call || sessions.resumed(&id) > resumed;
    response.map(|body| hangup.watch(body, came_back, stream))
}

/// The library's endpoint, made for each request: it holds nothing but what is shared.
fn service(
    engine: &Arc<Engine>,
    scope: Scope,
) -> StreamableHttpService<Gate, rmcp::transport::streamable_http_server::session::local::LocalSessionManager>
{
    let config = StreamableHttpServerConfig::default()
        .with_cancellation_token(engine.ending.child_token())
        .with_max_request_body_bytes(LARGEST_MESSAGE);
    let manager = Arc::clone(&engine.gateway.sessions.manager);
    let engine = Arc::clone(engine);
    StreamableHttpService::new(move || Ok(Gate::new(Arc::clone(&engine), scope.clone())), manager, config)
}

/// What the library answers for an id that it does not know, so that nobody learns which ids there are.
fn no_session() -> Response {
    (StatusCode::NOT_FOUND, "Not Found: Session not found").into_response()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
