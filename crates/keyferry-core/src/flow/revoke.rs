//! Token revocation (RFC 7009).

use super::{
    client::{ClientCredentials, EndpointRequest, RequestError, Shape},
    error::ErrorCode,
    json,
    reply::failure,
};
use crate::{
    delivery::Values,
    provider::{OAuth, RevocationAuth, RevocationBody},
    secret::SecretText,
};

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
    let at_token = &oauth.token;
    let mut fields = vec![("token", token.expose_secret())];
    fields.extend(hint.map(|hint| ("token_type_hint", hint.as_str())));
    let shape = Shape {
        method: revocation.method,
        endpoint: &revocation.endpoint,
        client_auth: match revocation.authentication {
            RevocationAuth::Client(own) => own,
            RevocationAuth::AsToken | RevocationAuth::Bearer => at_token.client_auth,
        },
        format: match revocation.body {
            RevocationBody::AsToken => Some(at_token.request_format),
            RevocationBody::In(format) => Some(format),
            RevocationBody::None => None,
        },
        params: &revocation.params,
        headers: revocation.headers.as_ref().unwrap_or(&at_token.headers),
        rename: revocation.rename.as_ref().unwrap_or(&at_token.rename),
    };
    let request = match revocation.authentication {
        RevocationAuth::Bearer => shape.request_by_token(client, token, &fields, values),
        RevocationAuth::AsToken | RevocationAuth::Client(_) => shape.request(client, &fields, values),
    };
    request.map(Some)
}

/// Whether a reply's own words say that the token is dead (RFC 7009 §2.2): an error that the service puts into a success is none. A
/// token that is not valid needs no revoking; some services say so with an error, and one that let the token itself authenticate says
/// it with a 401 (RFC 6750 §3.1). No other status says anything of the token.
///
/// # Errors
/// The code of a refusal; none where the status alone says that it failed.
pub fn read_revocation(oauth: &OAuth, status: u16, body: &[u8]) -> Result<(), Option<ErrorCode>> {
    let reply = json::unique(body);
    let told = reply.as_ref().and_then(|reply| reply.get("error")?.as_str());
    if told == Some("invalid_token") {
        return Ok(());
    }
    let bearer = oauth.revocation.as_ref().map(|revocation| revocation.authentication);
    let not_taken = status == 401 && bearer == Some(RevocationAuth::Bearer);
    match reply.as_ref().and_then(|reply| failure(&oauth.token.response, reply)) {
        Some(ErrorCode::InvalidGrant) => Ok(()),
        None | Some(ErrorCode::Unrecognized) if not_taken => Ok(()),
        Some(code) => Err(Some(code)),
        None if (200..300).contains(&status) => Ok(()),
        None => Err(None),
    }
}

#[cfg(test)]
mod tests;
