//! The layer around the endpoints: it counts and records each request, then lets a fault strike or not.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{StatusCode, request::Parts},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use tokio::time::{sleep, timeout};

use super::{
    bodies,
    kind::{Fault, GrantType, Target},
    reshape,
};
use crate::{form::Form, server::Severance, state::SandboxState};

/// Largest request body that is read here; beyond it the answer is 413.
const BODY_LIMIT: usize = 16 * 1024;
/// Longest wait for a request's body.
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// Longest pause that [`Fault::Slow`] can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Puts the layer around the routes of one target.
pub(crate) fn layer(
    routes: Router<Arc<SandboxState>>,
    state: &Arc<SandboxState>,
    target: Target,
) -> Router<Arc<SandboxState>> {
    let state = Arc::clone(state);
    routes.layer(from_fn(move |request: Request, next: Next| {
        let state = Arc::clone(&state);
        async move { strike(&state, target, request, next).await }
    }))
}

async fn strike(state: &SandboxState, target: Target, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = match timeout(BODY_PATIENCE, to_bytes(body, BODY_LIMIT)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let grant = observe(state, target, &parts, &body);
    let severance = parts.extensions.get::<Severance>().cloned().unwrap_or_default();
    let fault = state.faults.take(target, grant);
    let handle = next.run(Request::from_parts(parts, Body::from(body)));
    let Some(fault) = fault else { return handle.await };
    if let Some(response) = bodies::instead(&fault) {
        return response;
    }
    match fault {
        Fault::Slow { milliseconds } => {
            sleep(Duration::from_millis(milliseconds).min(LONGEST_PAUSE)).await;
            handle.await
        }
        Fault::DropBefore => {
            severance.sever();
            StatusCode::NO_CONTENT.into_response()
        }
        Fault::DropAfter => {
            let response = handle.await;
            severance.sever();
            response
        }
        spoiling => reshape::reply(handle.await, &spoiling).await,
    }
}

/// Counts and records the request, and tells its grant type.
fn observe(state: &SandboxState, target: Target, parts: &Parts, body: &Bytes) -> Option<GrantType> {
    match target {
        Target::Revoke => state.counters.revocation_request(),
        Target::Api => state.counters.api_request(),
        Target::Token => {
            let grant = grant_type(body);
            state.counters.token_request(grant);
            state.recorder.record(&parts.method, &parts.uri, &parts.headers, body);
            return grant;
        }
    }
    None
}

fn grant_type(body: &[u8]) -> Option<GrantType> {
    match Form::parse(body).ok()?.get("grant_type")? {
        "authorization_code" => Some(GrantType::AuthorizationCode),
        "refresh_token" => Some(GrantType::RefreshToken),
        _ => None,
    }
}
