//! `POST /revoke` (RFC 7009).

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use crate::{
    reply,
    state::SandboxState,
    token::{authenticate, error::TokenError, read_form},
};

/// `POST /revoke`: 200 whether or not the token was known (RFC 7009 §2.2).
pub(crate) async fn answer(
    State(state): State<Arc<SandboxState>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let revoked = read_form(query.as_deref(), &headers, &body).and_then(|form| {
        let client_id = authenticate::client(&state.client, &headers, &form)?;
        // `token_type_hint` only speeds a lookup up (RFC 7009 §2.1), and ours needs no help.
        let token = form.get("token").ok_or(TokenError::InvalidRequest("token is missing"))?;
        state.grants.revoke(&client_id, token);
        Ok(())
    });
    match revoked {
        Ok(()) => reply::no_store(StatusCode::OK.into_response()),
        Err(error) => error.into_response(),
    }
}
