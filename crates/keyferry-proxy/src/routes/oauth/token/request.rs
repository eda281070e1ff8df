//! The request, as the API's description shows it.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// A token request. No parameter may stand twice, and no other one at all. In a form, `callback` and `config` are JSON texts.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes what `parameters` reads")]
pub(super) struct TokenRequest {
    /// A provider's name, from `GET /oauth/providers`.
    #[schema(example = "jira")]
    provider: String,
    /// `authorization_code` or `refresh_token`.
    #[schema(example = "authorization_code")]
    grant_type: String,
    /// The authorization code.
    code: Option<String>,
    /// The redirect URI of the sign-in, to the letter: loopback and the provider's own path. A refresh may repeat it, for
    /// providers that want that.
    #[schema(example = "http://127.0.0.1:7667/oauth/callback/jira")]
    redirect_uri: Option<String>,
    /// The PKCE verifier of the sign-in, where the provider uses PKCE.
    code_verifier: Option<String>,
    /// What the provider added to the redirect besides code and state.
    callback: Option<BTreeMap<String, String>>,
    /// The refresh token, as this proxy gave it out.
    refresh_token: Option<String>,
    /// What the provider file asks of the person.
    config: Option<BTreeMap<String, String>>,
}
