//! What the caller wants redeemed.

use keyferry_core::{
    flow::{client::ClientCredentials, exchange::token_request, refresh::refresh_request},
    provider::Pkce,
    secret::{AuthorizationCode, CodeVerifier, RefreshToken},
    url::RedirectUri,
};

use crate::{
    error::ProxyError,
    parameters::{Name, ParameterError, Parameters},
    registry::Provider,
    seal::{Owner, Sealer},
    upstream::UpstreamRequest,
};

/// A checked grant. Any other grant type than these two does not exist here, the password grant least of all (RFC 9700 §2.4).
#[derive(Debug)]
pub(super) enum Grant {
    /// RFC 6749 §4.1.3
    Code { code: AuthorizationCode, redirect_uri: String, verifier: Option<CodeVerifier> },
    /// RFC 6749 §6
    Refresh(RefreshToken),
}

// === impl Grant ===

impl Grant {
    /// Reads the grant and everything that belongs to it; what does not belong is refused.
    pub(super) fn read(mut parameters: Parameters, provider: &Provider) -> Result<Self, ProxyError> {
        let grant_type = parameters.require(Name::GrantType)?;
        let config = parameters.take_values(Name::Config);
        if config.is_some_and(|config| !config.is_empty()) {
            return Err(ParameterError::NoConfig.into());
        }
        let grant = match grant_type.expose_secret() {
            "authorization_code" => Self::code(&mut parameters, provider)?,
            "refresh_token" => Self::refresh(&mut parameters)?,
            _ => return Err(ProxyError::GrantType),
        };
        parameters.finish()?;
        Ok(grant)
    }

    fn code(parameters: &mut Parameters, provider: &Provider) -> Result<Self, ProxyError> {
        // What a provider adds to its redirect is kept only where its file names it; no file can yet.
        parameters.take_values(Name::Callback);
        let code = parameters.require(Name::Code)?;
        let code =
            AuthorizationCode::new(code.expose_secret()).map_err(|_| ParameterError::Grammar(Name::Code))?;
        let redirect_uri = parameters.require(Name::RedirectUri)?.expose_secret().to_owned();
        if provider.public_redirect_uri.as_ref() != Some(&redirect_uri) {
            RedirectUri::parse_loopback(&redirect_uri, &provider.file.name)
                .map_err(|_| ProxyError::RedirectUri)?;
        }
        let verifier = parameters.take(Name::CodeVerifier);
        let verifier = match (provider.file.authorization.pkce, verifier) {
            (Pkce::S256, Some(text)) => {
                Some(CodeVerifier::new(text.expose_secret()).map_err(|_| ProxyError::Verifier)?)
            }
            // Sending none would let the provider skip its check (RFC 9700 §4.8.2).
            (Pkce::S256, None) => return Err(ProxyError::Verifier),
            (Pkce::None, None) => None,
            (Pkce::None, Some(_)) => return Err(ProxyError::UnexpectedVerifier),
        };
        Ok(Self::Code { code, redirect_uri, verifier })
    }

    fn refresh(parameters: &mut Parameters) -> Result<Self, ProxyError> {
        let token = parameters.require(Name::RefreshToken)?;
        let token = RefreshToken::new(token.expose_secret());
        Ok(Self::Refresh(token.map_err(|_| ParameterError::Grammar(Name::RefreshToken))?))
    }

    /// Its `grant_type`.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Code { .. } => "authorization_code",
            Self::Refresh(_) => "refresh_token",
        }
    }

    /// What is presented, for the count of how often.
    pub(super) fn credential(&self) -> &str {
        match self {
            Self::Code { code, .. } => code.expose_secret(),
            Self::Refresh(token) => token.expose_secret(),
        }
    }

    /// The request to the provider. The grant is taken: it is sent once.
    pub(super) fn into_request(
        self,
        provider: &Provider,
        client: &ClientCredentials,
        sealer: &Sealer,
        owner: Owner<'_>,
    ) -> Result<UpstreamRequest, ProxyError> {
        let request = match self {
            Self::Code { code, redirect_uri, verifier } => {
                token_request(&provider.file, client, code, &redirect_uri, verifier)
            }
            Self::Refresh(token) => {
                let token = sealer.open(owner, token)?;
                refresh_request(&provider.file, client, &token)
            }
        };
        Ok(UpstreamRequest::new(&provider.token_endpoint, &request)?)
    }
}
