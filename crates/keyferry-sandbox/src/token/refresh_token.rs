//! `grant_type=refresh_token` (RFC 6749 §6).

use super::error::TokenError;
use crate::{
    form::Form,
    grants::{Renewal, TokenSet},
    scope::Scopes,
    state::SandboxState,
};

pub(super) fn refresh(state: &SandboxState, client_id: &str, form: &Form) -> Result<TokenSet, TokenError> {
    let refresh_token =
        form.get("refresh_token").ok_or(TokenError::InvalidRequest("refresh_token is missing"))?;
    let scopes = match form.get("scope") {
        Some(text) => Some(Scopes::parse(text).ok_or(TokenError::InvalidScope)?),
        None => None,
    };
    Ok(state.grants.refresh(Renewal { client_id, refresh_token, scopes })?)
}
