//! The refresh request (RFC 6749 §6). It never asks for a scope: what was granted stays, nothing widens.

use super::client::{ClientCredentials, EndpointRequest, Method, RequestError, Shape};
use crate::{delivery::Values, provider::OAuth, secret::RefreshToken};

/// What one refresh carries. Not `Clone`: where a provider rotates, a refresh token is spent once.
#[derive(Debug)]
pub struct RefreshGrant {
    /// The refresh token.
    pub token: RefreshToken,
    /// The redirect URI of the sign-in, where it is known. It is sent where the provider wants it repeated.
    pub redirect_uri: Option<String>,
}

/// The request that spends a refresh token.
///
/// # Errors
/// [`RequestError`] when a value is missing or an assertion can't be made.
pub fn refresh_request<'a>(
    oauth: &'a OAuth,
    client: &ClientCredentials,
    grant: &RefreshGrant,
    values: &Values<'_>,
) -> Result<EndpointRequest<'a>, RequestError> {
    let token = &oauth.token;
    let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", grant.token.expose_secret())];
    let redirect_uri = grant.redirect_uri.as_deref().filter(|_| token.refresh_redirect_uri);
    fields.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::ProviderFile;

    fn sent(token: &str, redirect_uri: Option<&str>) -> String {
        let text = format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://a.example/t\"\n{token}\n"
        );
        let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file;
        let client =
            ClientCredentials { client_id: "me".parse().unwrap(), client_secret: None, signer: None };
        let token = RefreshToken::new("canary").unwrap();
        let grant = RefreshGrant { token, redirect_uri: redirect_uri.map(str::to_owned) };
        assert!(!format!("{grant:?}").contains("canary"));
        let request = refresh_request(file.oauth().unwrap(), &client, &grant, &Values::default()).unwrap();
        request.body.expose_secret().to_owned()
    }

    #[test]
    fn the_redirect_uri_is_repeated_where_the_service_wants_it_and_it_is_known() {
        let (plain, uri) =
            ("grant_type=refresh_token&refresh_token=canary&client_id=me", Some("https://p.example/x"));
        let wants = "refresh_redirect_uri = true";
        assert_eq!(sent("", uri), plain);
        assert_eq!(sent(wants, None), plain);
        let repeated = plain.replace("&client_id", "&redirect_uri=https%3A%2F%2Fp.example%2Fx&client_id");
        assert_eq!(sent(wants, uri), repeated);
    }
}
