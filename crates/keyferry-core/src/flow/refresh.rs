//! The refresh request (RFC 6749 §6). It never asks for a scope: what was granted stays, nothing widens.

use super::client::{ClientCredentials, EndpointRequest, request};
use crate::{provider::ProviderFile, secret::RefreshToken};

/// The request that spends a refresh token.
#[must_use]
pub fn refresh_request<'a>(
    provider: &'a ProviderFile,
    client: &ClientCredentials,
    refresh_token: &RefreshToken,
) -> EndpointRequest<'a> {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose_secret())];
    let token = &provider.token;
    request(&token.endpoint, token.client_auth, client, &fields, &[])
}
