//! The access token request (RFC 6749 §4.1.3, RFC 7636 §4.5).

use super::client::{ClientCredentials, EndpointRequest, Method, RequestError, Shape};
use crate::{
    delivery::Values,
    provider::OAuth,
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

/// What one code exchange carries. Not `Clone`: a code is sent once.
#[derive(Debug)]
pub struct CodeGrant {
    /// The code.
    pub code: AuthorizationCode,
    /// The exact text of the authorization request.
    pub redirect_uri: String,
    /// The verifier, where the provider uses PKCE.
    pub verifier: Option<CodeVerifier>,
}

/// The request that redeems a code. The grant is taken: it is sent once.
///
/// # Errors
/// [`RequestError`] when a value is missing or an assertion can't be made.
#[expect(clippy::needless_pass_by_value, reason = "a code is sent once")]
pub fn token_request<'a>(
    oauth: &'a OAuth,
    client: &ClientCredentials,
    grant: CodeGrant,
    values: &Values<'_>,
) -> Result<EndpointRequest<'a>, RequestError> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", grant.code.expose_secret()),
        ("redirect_uri", grant.redirect_uri.as_str()),
    ];
    if let Some(verifier) = &grant.verifier {
        fields.push(("code_verifier", verifier.expose_secret()));
    }
    let token = &oauth.token;
    let shape = Shape {
        method: Method::Post,
        endpoint: &token.endpoint,
        client_auth: token.client_auth,
        format: Some(token.request_format),
        params: &token.params,
        headers: &token.headers,
        rename: &token.rename,
    };
    shape.request(client, &fields, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{provider::ProviderFile, secret::ClientSecret};

    fn oauth(client_auth: &str) -> OAuth {
        let text = format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/auth\"\n[token]\nendpoint = \"https://a.example/token\"\nclient_auth = \"{client_auth}\"\nparams = {{ extra = \"é&\" }}\n"
        );
        let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file;
        file.oauth().unwrap().clone()
    }

    fn sent(client_auth: &str, secret: Option<&str>) -> (String, Option<String>) {
        let oauth = oauth(client_auth);
        let client = ClientCredentials {
            client_id: "id".parse().unwrap(),
            client_secret: secret.map(|text| ClientSecret::new(text).unwrap()),
            signer: None,
        };
        let grant = CodeGrant {
            code: AuthorizationCode::new("c/d+e").unwrap(),
            redirect_uri: "http://127.0.0.1:7667/oauth/callback/acme".to_owned(),
            verifier: Some(CodeVerifier::new("v".repeat(43)).unwrap()),
        };
        let request = token_request(&oauth, &client, grant, &Values::default()).unwrap();
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
