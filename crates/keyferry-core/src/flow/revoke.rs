//! Token revocation (RFC 7009).

use super::client::{ClientCredentials, EndpointRequest, request};
use crate::{provider::ProviderFile, secret::SecretText};

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
#[must_use]
pub fn revocation_request<'a>(
    provider: &'a ProviderFile,
    client: &ClientCredentials,
    token: &SecretText,
    hint: Option<TokenTypeHint>,
) -> Option<EndpointRequest<'a>> {
    let revocation = provider.revocation.as_ref()?;
    let mut fields = vec![("token", token.expose_secret())];
    fields.extend(hint.map(|hint| ("token_type_hint", hint.as_str())));
    Some(request(&revocation.endpoint, provider.token.client_auth, client, &fields, &[]))
}
