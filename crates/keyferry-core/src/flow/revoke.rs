//! Token revocation (RFC 7009).

use super::client::{ClientCredentials, EndpointRequest, RequestError, Shape};
use crate::{delivery::Values, provider::OAuth, secret::SecretText};

/// What kind of token is revoked (RFC 7009 §2.1, `token_type_hint`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTypeHint {
    /// `access_token`
    AccessToken,
    /// `refresh_token`
    RefreshToken,
}

impl TokenTypeHint {
    /// The hint's text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// The request that revokes a token (RFC 7009 §2.1); none when the provider has no revocation endpoint.
///
/// # Errors
/// [`RequestError`] when a value is missing or an assertion can't be made.
pub fn revocation_request<'a>(
    oauth: &'a OAuth,
    client: &ClientCredentials,
    token: &SecretText,
    hint: Option<TokenTypeHint>,
    values: &Values<'_>,
) -> Result<Option<EndpointRequest<'a>>, RequestError> {
    let Some(revocation) = &oauth.revocation else { return Ok(None) };
    let mut fields = vec![("token", token.expose_secret())];
    fields.extend(hint.map(|hint| ("token_type_hint", hint.as_str())));
    let shape = Shape {
        endpoint: &revocation.endpoint,
        client_auth: revocation.client_auth.unwrap_or(oauth.token.client_auth),
        format: oauth.token.request_format,
        params: &revocation.params,
        headers: &oauth.token.headers,
        rename: &oauth.token.rename,
    };
    shape.request(client, &fields, values).map(Some)
}
