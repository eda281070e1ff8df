//! `grant_type=authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.5).

use super::error::TokenError;
use crate::{
    form::Form,
    grants::{Redemption, TokenSet},
    pkce::Verifier,
    state::SandboxState,
};

pub(super) fn redeem(state: &SandboxState, client_id: &str, form: &Form) -> Result<TokenSet, TokenError> {
    let code = form.get("code").ok_or(TokenError::InvalidRequest("code is missing"))?;
    let redirect_uri =
        form.get("redirect_uri").ok_or(TokenError::InvalidRequest("redirect_uri is missing"))?;
    let verifier = form.get("code_verifier").ok_or(TokenError::InvalidRequest("code_verifier is missing"))?;
    let verifier =
        Verifier::parse(verifier).ok_or(TokenError::InvalidRequest("code_verifier is malformed"))?;
    Ok(state.grants.redeem(&Redemption { client_id, code, redirect_uri, verifier })?)
}
