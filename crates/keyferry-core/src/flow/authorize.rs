//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).

use super::pkce::{self, CodeChallenge};
use crate::{
    delivery::Values,
    fact::Facts,
    id::ClientId,
    provider::{OAuth, UnresolvedEndpoint},
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
    /// The flow of the provider that is asked.
    pub oauth: &'a OAuth,
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
    /// What the person was asked for.
    pub config: &'a Facts,
}

/// Why there is no URL to open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// The endpoint needs a value that is missing or wrong.
    #[error(transparent)]
    Endpoint(#[from] UnresolvedEndpoint),
    /// The result is longer than browsers take, or could be misread.
    #[error("the authorization URL can't be used: {0}")]
    Url(#[from] InvalidUrl),
}

impl AuthorizationRequest<'_> {
    /// The URL to open in the person's browser.
    ///
    /// # Errors
    /// [`InvalidRequest`] when a value is missing, or the result is longer than browsers take.
    pub fn url(&self) -> Result<AuthorizationUrl, InvalidRequest> {
        let authorization = &self.oauth.authorization;
        let values =
            Values { client_id: Some(self.client_id), config: Some(self.config), ..Values::default() };
        let mut url = authorization.endpoint.resolve(&values)?.url().clone();
        {
            let mut query = url.query_pairs_mut();
            let mut append = |name: &str, value: &str| {
                if let Some(name) = authorization.rename.name(name) {
                    query.append_pair(name, value);
                }
            };
            append("response_type", "code");
            append("client_id", self.client_id.as_str());
            append("redirect_uri", self.redirect_uri.as_str());
            if !self.scopes.is_empty() {
                append(&authorization.scope_param, &self.scopes.join(&authorization.scope_separator));
            }
            append("state", self.state.expose_secret());
            if let Some(challenge) = self.code_challenge {
                append("code_challenge", challenge.as_str());
                append("code_challenge_method", pkce::METHOD);
            }
            for (name, template) in &authorization.params {
                if let Some(value) = template.fill(&values) {
                    query.append_pair(name, value.expose_secret());
                }
            }
        }
        url.set_fragment(authorization.fragment.as_deref());
        Ok(AuthorizationUrl::parse(url.as_str())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        provider::ProviderFile,
        secret::{CodeVerifier, SecretText},
    };

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
        let oauth = provider.oauth().unwrap();
        let config =
            [("team".parse().unwrap(), SecretText::new("a b").unwrap())].into_iter().collect::<Facts>();
        let request = AuthorizationRequest {
            oauth,
            client_id: &"the client".replace(' ', "+").parse().unwrap(),
            redirect_uri: &redirect_uri,
            scopes: &oauth.authorization.scopes,
            state: &State::from_entropy([9; 32]),
            code_challenge: (oauth.authorization.pkce == crate::provider::Pkce::S256).then_some(&challenge),
            config: &config,
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

    #[test]
    fn a_service_gets_its_own_names_its_fragment_and_what_the_person_was_asked_for() {
        let provider = provider(
            "scopes = [\"a\", \"b\"]\nscope_param = \"user_scope\"\nfragment = \"wechat_redirect\"\npkce = \"none\"\n\
             params = { team = \"{config.team}\", gone = \"{config.other}\" }\n\
             rename = { client_id = \"client_key\", response_type = \"\" }\n[config.team]\ntitle = \"Team\"\n[config.other]\ntitle = \"O\"",
        );
        let url = url(&provider);
        let expected = "https://a.example/auth?keep=1&client_key=the%2Bclient&redirect_uri=http%3A%2F%2F127.0.0.1%3A7667%2Foauth%2Fcallback%2Facme&user_scope=a+b&state=";
        assert!(url.starts_with(expected), "{url}");
        assert!(url.ends_with("&team=a+b#wechat_redirect"), "{url}");
    }
}
