//! The notes API: what the access tokens are for.

mod bearer;
pub(crate) mod store;

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use self::store::{Note, NoteError};
use crate::{reply, scope::SandboxScope, state::SandboxState};

#[derive(Serialize)]
struct NoteList {
    notes: Vec<Note>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    text: String,
}

#[derive(Serialize)]
struct Me {
    account: &'static str,
    name: &'static str,
    email: &'static str,
}

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
    message: String,
}

/// `GET /api/notes`: the account's notes, oldest first.
pub(crate) async fn list(
    State(state): State<Arc<SandboxState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match bearer::require(&state, &headers, query.as_deref(), Some(SandboxScope::NotesRead)) {
        Ok(bearer) => reply::json(StatusCode::OK, &NoteList { notes: state.notes.of(bearer.person) }),
        Err(refusal) => refusal.into_response(),
    }
}

/// `POST /api/notes`: adds a note, `{"text": …}`.
pub(crate) async fn add(
    State(state): State<Arc<SandboxState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let bearer = match bearer::require(&state, &headers, query.as_deref(), Some(SandboxScope::NotesWrite)) {
        Ok(bearer) => bearer,
        Err(refusal) => return refusal.into_response(),
    };
    let Ok(NewNote { text }) = serde_json::from_slice(&body) else {
        let message = "the body must be a JSON object with the member text".to_owned();
        return reply::json(StatusCode::BAD_REQUEST, &Refusal { error: "invalid_note", message });
    };
    match state.notes.add(bearer.person, text, state.clock.now()) {
        Ok(note) => reply::json(StatusCode::CREATED, &note),
        Err(error) => {
            let (status, code) = match error {
                NoteError::Length => (StatusCode::BAD_REQUEST, "invalid_note"),
                NoteError::Full => (StatusCode::CONFLICT, "too_many_notes"),
            };
            reply::json(status, &Refusal { error: code, message: error.to_string() })
        }
    }
}

/// `GET /api/me`: whose token this is; any scope will do.
pub(crate) async fn me(
    State(state): State<Arc<SandboxState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match bearer::require(&state, &headers, query.as_deref(), None) {
        Ok(bearer) => {
            let person = bearer.person;
            let me = Me { account: person.id(), name: person.name(), email: person.email() };
            reply::json(StatusCode::OK, &me)
        }
        Err(refusal) => refusal.into_response(),
    }
}
