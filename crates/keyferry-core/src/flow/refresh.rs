//! The refresh request (RFC 6749 §6). It never asks for a scope: what was granted stays, nothing widens.

use super::client::{ClientCredentials, EndpointRequest, Method, RequestError, Shape};
use crate::{delivery::Values, provider::OAuth, secret::RefreshToken};

/// The request that spends a refresh token.
///
/// # Errors
/// [`RequestError`] when a value is missing or an assertion can't be made.
pub fn refresh_request<'a>(
    oauth: &'a OAuth,
    client: &ClientCredentials,
    refresh_token: &RefreshToken,
    values: &Values<'_>,
) -> Result<EndpointRequest<'a>, RequestError> {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose_secret())];
    let token = &oauth.token;
    let shape = Shape {
        method: Method::Post,
        endpoint: token.refresh_endpoint.as_ref().unwrap_or(&token.endpoint),
        client_auth: token.client_auth,
        format: Some(token.request_format),
        params: &token.refresh_params,
        headers: &token.headers,
        rename: &token.rename,
    };
    shape.request(client, &fields, values)
}
