//! `POST /oauth/token`: redeems a code, or refreshes (RFC 6749 §4.1.3 and §6).

mod grant;
mod reply;
mod request;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};

use keyferry_core::flow::refresh::RefreshGrant;

use self::{reply::TokenResponse, request::TokenRequest};
use crate::{
    body::Body,
    error::{ErrorReply, ProxyError},
    exchange::{Exchange, Step},
    facts::RequestFacts,
    parameters::{Name, Parameters},
    request_id::RequestId,
    request_log::Facts,
    seal::Owner,
    state::ProxyState,
};

/// What may stand in the request.
const PARAMETERS: &[Name] = &[
    Name::Provider,
    Name::GrantType,
    Name::Code,
    Name::RedirectUri,
    Name::CodeVerifier,
    Name::RefreshToken,
    Name::Callback,
    Name::Config,
];

/// Redeems an authorization code or a refresh token at the provider's token endpoint, under the proxy's client.
///
/// Each is sent once: when an answer is lost on the way, what it held is lost with it.
#[utoipa::path(
    post,
    path = "/oauth/token",
    tag = "oauth",
    request_body(content(
        (TokenRequest = "application/x-www-form-urlencoded"),
        (TokenRequest = "application/json")
    )),
    responses(
        (status = 200, description = "Tokens", body = TokenResponse),
        (status = 400, description = "The request or the grant is refused, here or by the provider", body = ErrorReply),
        (status = 401, description = "No access key, or the provider does not accept the proxy's client", body = ErrorReply),
        (status = 403, description = "Refused by the provider, or sent by a browser", body = ErrorReply),
        (status = 404, description = "No such provider", body = ErrorReply),
        (status = 413, description = "More than 16 KiB", body = ErrorReply),
        (status = 415, description = "Neither form nor JSON", body = ErrorReply),
        (status = 429, description = "Too often, here or at the provider; see Retry-After", body = ErrorReply),
        (status = 502, description = "The provider failed or can not be reached", body = ErrorReply),
        (status = 503, description = "Too much under way, here or at the provider; see Retry-After", body = ErrorReply),
        (status = 504, description = "The provider did not answer in time", body = ErrorReply),
    )
)]
pub(crate) async fn post(State(proxy): State<Arc<ProxyState>>, request: Request) -> Response {
    let mut facts = Facts::default();
    let answer = redeem(&proxy, request, &mut facts).await;
    facts.attach(answer.unwrap_or_else(IntoResponse::into_response))
}

async fn redeem(
    proxy: &Arc<ProxyState>,
    request: Request,
    facts: &mut Facts,
) -> Result<Response, ProxyError> {
    let id = request.extensions().get::<RequestId>().copied().ok_or(ProxyError::Internal)?;
    let caller = proxy.admission.admit(request.headers())?;
    let body = Body::read(request, &proxy.limits).await?;
    let mut parameters = Parameters::read(&body, PARAMETERS)?;
    let name = parameters.require(Name::Provider)?;
    let provider = proxy.registry.find(name.expose_secret())?;
    facts.provider = Some(Arc::clone(&provider.label));
    let request = RequestFacts::read(&mut parameters, &provider.file, &provider.oauth)?;
    let mut step = grant::read(parameters, &provider)?;
    facts.grant = Some(step.grant_type());
    let client = provider.client()?;
    provider.reachable(&request)?;
    proxy.pace.check(&caller, grant::credential(&step))?;
    let owner = Owner { provider: &provider.file.name, caller: &caller };
    if let Step::Refresh(grant) = step {
        let token = proxy.sealer.open(owner, grant.token)?;
        step = Step::Refresh(RefreshGrant { token, ..grant });
    }
    let exchange = Exchange { id, provider: Arc::clone(&provider), client, facts: request, step };
    let mut tokens = exchange.tokens(proxy).await?;
    if let Some(token) = tokens.refresh_token.take() {
        tokens.refresh_token = Some(proxy.sealer.seal(owner, token).ok_or(ProxyError::Internal)?);
    }
    Ok(TokenResponse::respond(&tokens))
}
