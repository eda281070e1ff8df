//! What the caller wants redeemed.

use keyferry_core::{
    flow::{exchange::CodeGrant, refresh::RefreshGrant},
    provider::{Pkce, Redirect},
    secret::{AuthorizationCode, CodeVerifier, RefreshToken, SecretText},
    url::RedirectUri,
};

use crate::{
    error::ProxyError,
    exchange::Step,
    parameters::{Name, ParameterError, Parameters},
    registry::Provider,
};

/// Reads the grant and everything that belongs to it; what does not belong is refused. Any other grant type than these two does not
/// exist here, the password grant least of all (RFC 9700 §2.4).
pub(super) fn read(mut parameters: Parameters, provider: &Provider, open: bool) -> Result<Step, ProxyError> {
    let grant_type = parameters.require(Name::GrantType)?;
    let step = match grant_type.expose_secret() {
        // Whoever steals a code could redeem it at a proxy that asks nobody who they are.
        "authorization_code" if open && provider.oauth.authorization.pkce == Pkce::None => {
            return Err(ProxyError::OpenWithoutPkce);
        }
        "authorization_code" => Step::Code(code(&mut parameters, provider)?),
        "refresh_token" if !provider.oauth.token.refresh => return Err(ProxyError::NoRefresh),
        "refresh_token" => Step::Refresh(refresh(&mut parameters, provider)?),
        _ => return Err(ProxyError::GrantType),
    };
    parameters.finish()?;
    Ok(step)
}

fn code(parameters: &mut Parameters, provider: &Provider) -> Result<CodeGrant, ProxyError> {
    let code = parameters.require(Name::Code)?;
    let code =
        AuthorizationCode::new(code.expose_secret()).map_err(|_| ParameterError::Grammar(Name::Code))?;
    let redirect_uri = own_redirect_uri(&parameters.require(Name::RedirectUri)?, provider)?;
    let verifier = parameters.take(Name::CodeVerifier);
    let verifier = match (provider.oauth.authorization.pkce, verifier) {
        (Pkce::S256, Some(text)) => {
            Some(CodeVerifier::new(text.expose_secret()).map_err(|_| ProxyError::Verifier)?)
        }
        // Sending none would let the provider skip its check (RFC 9700 §4.8.2).
        (Pkce::S256, None) => return Err(ProxyError::Verifier),
        (Pkce::None, None) => None,
        (Pkce::None, Some(_)) => return Err(ProxyError::UnexpectedVerifier),
    };
    Ok(CodeGrant { code, redirect_uri, verifier })
}

/// A redirect URI is that of a sign-in of ours, to the letter.
fn own_redirect_uri(text: &SecretText, provider: &Provider) -> Result<String, ProxyError> {
    let text = text.expose_secret();
    let own = match provider.oauth.authorization.redirect {
        Redirect::Loopback => RedirectUri::is_loopback(text, &provider.file.name),
        Redirect::Proxy => provider.own_redirect_uri() == Some(text),
    } || provider.redirect_uris.iter().any(|listed| listed == text);
    if own { Ok(text.to_owned()) } else { Err(ProxyError::RedirectUri) }
}

fn refresh(parameters: &mut Parameters, provider: &Provider) -> Result<RefreshGrant, ProxyError> {
    let token = parameters.require(Name::RefreshToken)?;
    let token = RefreshToken::new(token.expose_secret());
    let token = token.map_err(|_| ParameterError::Grammar(Name::RefreshToken))?;
    let redirect_uri = parameters.take(Name::RedirectUri);
    let redirect_uri = redirect_uri.map(|text| own_redirect_uri(&text, provider)).transpose()?;
    Ok(RefreshGrant { token, redirect_uri })
}
