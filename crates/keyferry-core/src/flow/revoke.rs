//! Token revocation (RFC 7009).

use super::{
    client::{ClientCredentials, EndpointRequest, RequestError, Shape},
    error::ErrorCode,
    json,
    reply::failure,
};
use crate::{
    delivery::Values,
    provider::{OAuth, ReplyFormat},
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

/// Whether a reply's own words say that the token is dead (RFC 7009 §2.2): an error that the service puts into a success is none. A
/// token that is not valid needs no revoking; some services say so with an error.
///
/// # Errors
/// The code of a refusal; none where the status alone says that it failed.
pub fn read_revocation(format: &ReplyFormat, status: u16, body: &[u8]) -> Result<(), Option<ErrorCode>> {
    let reply = json::unique(body);
    let told = reply.as_ref().and_then(|reply| reply.get("error")?.as_str());
    if told == Some("invalid_token") {
        return Ok(());
    }
    match reply.as_ref().and_then(|reply| failure(format, reply)) {
        Some(ErrorCode::InvalidGrant) => Ok(()),
        Some(code) => Err(Some(code)),
        None if (200..300).contains(&status) => Ok(()),
        None => Err(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::ProviderFile;

    #[test]
    fn only_the_services_own_word_ends_a_token() {
        let slack = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://a.example/t\"\n\
            [token.response]\nerror = { at = \"/ok\", is = false, message = \"/error\" }\n";
        let slack = ProviderFile::parse("slack".parse().unwrap(), "x", slack).unwrap().file;
        let slack = &slack.oauth().unwrap().token.response;
        let standard = &ReplyFormat::default();
        let table = [
            (standard, 200, "", Ok(())),
            (standard, 204, "", Ok(())),
            (standard, 400, r#"{"error":"invalid_token"}"#, Ok(())),
            (standard, 400, r#"{"error":"invalid_grant"}"#, Ok(())),
            (standard, 200, r#"{"error":"odd"}"#, Err(Some(ErrorCode::Unrecognized))),
            (standard, 401, r#"{"error":"invalid_client"}"#, Err(Some(ErrorCode::InvalidClient))),
            (standard, 404, "<html>", Err(None)),
            (slack, 200, r#"{"ok":true,"revoked":true}"#, Ok(())),
            (slack, 200, r#"{"ok":false,"error":"token_revoked"}"#, Ok(())),
            (
                slack,
                200,
                r#"{"ok":false,"error":"ratelimited"}"#,
                Err(Some(ErrorCode::TemporarilyUnavailable)),
            ),
        ];
        for (format, status, body, expected) in table {
            assert_eq!(read_revocation(format, status, body.as_bytes()), expected, "{status} {body}");
        }
    }
}
