//! The access token request (RFC 6749 §4.1.3, RFC 7636 §4.5).

use super::client::{ClientCredentials, EndpointRequest, request};
use crate::{
    provider::ProviderFile,
    secret::{AuthorizationCode, CodeVerifier},
};

/// Parameters that the flow and the client authentication set themselves.
pub const RESERVED_PARAMETERS: &[&str] = &[
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "resource",
];

/// The request that redeems a code. The code is taken: it is sent once. `redirect_uri` is the exact text of the authorization
/// request.
#[must_use]
pub fn token_request<'a>(
    provider: &'a ProviderFile,
    client: &ClientCredentials,
    code: AuthorizationCode,
    redirect_uri: &str,
    verifier: Option<CodeVerifier>,
) -> EndpointRequest<'a> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code.expose_secret()),
        ("redirect_uri", redirect_uri),
    ];
    if let Some(verifier) = &verifier {
        fields.push(("code_verifier", verifier.expose_secret()));
    }
    let token = &provider.token;
    request(&token.endpoint, token.client_auth, client, &fields, &token.params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ClientSecret;

    fn provider(client_auth: &str) -> ProviderFile {
        let text = format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/auth\"\n[token]\nendpoint = \"https://a.example/token\"\nclient_auth = \"{client_auth}\"\nparams = {{ extra = \"é&\" }}\n"
        );
        ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file
    }

    fn sent(client_auth: &str, secret: Option<&str>) -> (String, Option<String>) {
        let provider = provider(client_auth);
        let client = ClientCredentials {
            client_id: "id".parse().unwrap(),
            client_secret: secret.map(|text| ClientSecret::new(text).unwrap()),
        };
        let code = AuthorizationCode::new("c/d+e").unwrap();
        let verifier = CodeVerifier::new("v".repeat(43)).unwrap();
        let request = token_request(
            &provider,
            &client,
            code,
            "http://127.0.0.1:7667/oauth/callback/acme",
            Some(verifier),
        );
        let authorization = request.authorization.map(|value| value.expose_secret().to_owned());
        (request.body.expose_secret().to_owned(), authorization)
    }

    const FIELDS: &str = "grant_type=authorization_code&code=c%2Fd%2Be&redirect_uri=http%3A%2F%2F127.0.0.1%3A7667%2Foauth%2Fcallback%2Facme&code_verifier=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv&extra=%C3%A9%26";

    #[test]
    fn the_secret_goes_into_the_body_or_the_header_and_never_into_both() {
        let secret = ": % + & space é";
        let encoded = "%3A+%25+%2B+%26+space+%C3%A9";
        assert_eq!(
            sent("client_secret_post", Some(secret)),
            (format!("{FIELDS}&client_id=id&client_secret={encoded}"), None)
        );
        let basic = STANDARD_BASE64.encode(format!("id:{encoded}"));
        assert_eq!(
            sent("client_secret_basic", Some(secret)),
            (FIELDS.to_owned(), Some(format!("Basic {basic}")))
        );
    }

    #[test]
    fn a_public_client_names_itself_without_a_secret() {
        let public = (format!("{FIELDS}&client_id=id"), None);
        assert_eq!(sent("none", Some("unused")), public);
        assert_eq!(sent("client_secret_basic", None), public);
    }

    use base64::{Engine as _, engine::general_purpose::STANDARD as STANDARD_BASE64};
}
