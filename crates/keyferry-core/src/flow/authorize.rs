//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).

use super::pkce::{self, CodeChallenge};
use crate::{
    id::ClientId,
    provider::ProviderFile,
    scope::Scopes,
    secret::State,
    url::{AuthorizationUrl, InvalidUrl, RedirectUri},
};

/// Parameters that the flow sets itself. A provider file that could override one could send the code elsewhere or switch a
/// protection off.
pub const RESERVED_PARAMETERS: &[&str] = &[
    "response_type",
    "response_mode",
    "client_id",
    "client_secret",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "request",
    "request_uri",
];

/// What one authorization request carries.
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// The provider that is asked.
    pub provider: &'a ProviderFile,
    /// The client that asks.
    pub client_id: &'a ClientId,
    /// Where the answer goes.
    pub redirect_uri: &'a RedirectUri,
    /// What is asked for.
    pub scopes: &'a Scopes,
    /// The one-time `state`.
    pub state: &'a State,
    /// The PKCE challenge, unless the provider refuses one.
    pub code_challenge: Option<&'a CodeChallenge>,
}

impl AuthorizationRequest<'_> {
    /// The URL to open in the person's browser.
    ///
    /// # Errors
    /// [`InvalidUrl`] when the result is longer than browsers take.
    pub fn url(&self) -> Result<AuthorizationUrl, InvalidUrl> {
        let authorization = &self.provider.authorization;
        let mut url = authorization.endpoint.url().clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("response_type", "code");
            query.append_pair("client_id", self.client_id.as_str());
            query.append_pair("redirect_uri", self.redirect_uri.as_str());
            if !self.scopes.is_empty() {
                query.append_pair("scope", &self.scopes.join(&authorization.scope_separator));
            }
            query.append_pair("state", self.state.expose_secret());
            if let Some(challenge) = self.code_challenge {
                query.append_pair("code_challenge", challenge.as_str());
                query.append_pair("code_challenge_method", pkce::METHOD);
            }
            for (name, value) in &authorization.params {
                query.append_pair(name, value);
            }
        }
        AuthorizationUrl::parse(url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::CodeVerifier;

    fn provider(authorization: &str) -> ProviderFile {
        let text = format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/auth?keep=1\"\n{authorization}\n[token]\nendpoint = \"https://a.example/token\"\n"
        );
        ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file
    }

    fn url(provider: &ProviderFile) -> String {
        let verifier = CodeVerifier::from_entropy([7; 32]);
        let challenge = CodeChallenge::of(&verifier);
        let redirect_uri = RedirectUri::loopback("127.0.0.1:7667".parse().unwrap(), &provider.name).unwrap();
        let request = AuthorizationRequest {
            provider,
            client_id: &"the client".replace(' ', "+").parse().unwrap(),
            redirect_uri: &redirect_uri,
            scopes: &provider.authorization.scopes,
            state: &State::from_entropy([9; 32]),
            code_challenge: (provider.authorization.pkce == crate::provider::Pkce::S256)
                .then_some(&challenge),
        };
        request.url().unwrap().as_str().to_owned()
    }

    #[test]
    fn the_request_carries_what_the_provider_file_says() {
        let provider = provider(
            "scopes = [\"a:b\", \"c\"]\nscope_separator = \",\"\nparams = { prompt = \"consent now\" }",
        );
        let challenge = CodeChallenge::of(&CodeVerifier::from_entropy([7; 32]));
        let state = State::from_entropy([9; 32]);
        let expected = format!(
            "https://a.example/auth?keep=1&response_type=code&client_id=the%2Bclient\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A7667%2Foauth%2Fcallback%2Facme&scope=a%3Ab%2Cc&state={}\
             &code_challenge={}&code_challenge_method=S256&prompt=consent+now",
            state.expose_secret(),
            challenge.as_str()
        );
        assert_eq!(url(&provider), expected);
    }

    #[test]
    fn a_challenge_goes_out_unless_the_file_states_that_the_provider_refuses_it() {
        assert!(url(&provider("")).contains("code_challenge="));
        assert!(!url(&provider("pkce = \"none\"")).contains("code_challenge"));
        assert!(!url(&provider("")).contains("scope="), "no empty scope");
    }
}
