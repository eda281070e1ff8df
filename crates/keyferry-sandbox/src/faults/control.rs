//! The switches over HTTP: `/control/faults` and `/control/counters`, behind the control key.
//!
//! ```json
//! { "target": "token", "fault": { "kind": "status", "status": 503, "retry_after": "2" }, "times": 2, "grant": "refresh_token" }
//! ```

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{reply, secret::Fingerprint, state::SandboxState};

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
    message: String,
}

/// `GET /control/faults`: what is switched on.
pub(crate) async fn list(State(state): State<Arc<SandboxState>>, headers: HeaderMap) -> Response {
    guarded(&state, &headers, || reply::json(StatusCode::OK, &state.faults.switches()))
}

/// `POST /control/faults`: one [`Switch`](crate::Switch) as JSON.
pub(crate) async fn add(State(state): State<Arc<SandboxState>>, headers: HeaderMap, body: Bytes) -> Response {
    guarded(&state, &headers, || match serde_json::from_slice(&body).map(|switch| state.faults.add(switch)) {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => {
            refuse(StatusCode::CONFLICT, "full", "too many faults are on; clear them first".to_owned())
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, "invalid_switch", error.to_string()),
    })
}

/// `DELETE /control/faults`: switches everything off.
pub(crate) async fn clear(State(state): State<Arc<SandboxState>>, headers: HeaderMap) -> Response {
    guarded(&state, &headers, || {
        state.faults.clear();
        StatusCode::NO_CONTENT.into_response()
    })
}

/// `GET /control/counters`: the counters as JSON.
pub(crate) async fn counters(State(state): State<Arc<SandboxState>>, headers: HeaderMap) -> Response {
    guarded(&state, &headers, || reply::json(StatusCode::OK, &state.counters.snapshot()))
}

/// Runs the action for the holder of the control key.
fn guarded(state: &SandboxState, headers: &HeaderMap, action: impl FnOnce() -> Response) -> Response {
    let key =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if key.is_some_and(|key| Fingerprint::of(key) == state.control_key) {
        action()
    } else {
        refuse(StatusCode::UNAUTHORIZED, "control_key", "the control key is missing or wrong".to_owned())
    }
}

fn refuse(status: StatusCode, error: &'static str, message: String) -> Response {
    reply::json(status, &Refusal { error, message })
}
