//! `POST /oauth/revoke`: ends a token at the provider (RFC 7009).

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use keyferry_core::{
    flow::revoke::TokenTypeHint,
    secret::{RefreshToken, SecretText},
};
use utoipa::ToSchema;

use crate::{
    body::Body,
    error::{ErrorReply, ProxyError},
    exchange::{self, Revoked},
    facts::RequestFacts,
    parameters::{Name, ParameterError, Parameters},
    request_id::RequestId,
    request_log::Facts,
    routes::reply,
    seal::{Owner, Sealer},
    state::ProxyState,
    traces::Parent,
};

/// What may stand in the request.
const PARAMETERS: &[Name] = &[Name::Provider, Name::Token, Name::TokenTypeHint, Name::Config, Name::Callback];
/// The «grant type» of a revocation in logs and metrics.
const REVOKE: &str = "revoke";

/// A revocation request, as the API's description shows it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes what `parameters` reads")]
struct RevocationRequest {
    /// A provider's name, from `GET /oauth/providers`.
    #[schema(example = "jira")]
    provider: String,
    /// The token, as this proxy gave it out.
    token: String,
    /// `access_token` or `refresh_token`.
    token_type_hint: Option<String>,
    /// What the provider file asks of the person.
    config: Option<BTreeMap<String, String>>,
    /// What the provider added to the redirect of the sign-in besides code and state.
    callback: Option<BTreeMap<String, String>>,
}

/// Ends a token at the provider, where that can be done.
///
/// 200 means that the token is dead, by the provider's own word; a token that the provider does not know is dead too. Anything
/// else means that it may still work: `unsupported_token_type` where the provider has no revocation endpoint, or none for tokens of
/// this kind (RFC 7009 §2.2.1), 503 with `Retry-After` where it could not be asked.
#[utoipa::path(
    post,
    path = "/oauth/revoke",
    tag = "oauth",
    request_body(content(
        (RevocationRequest = "application/x-www-form-urlencoded"),
        (RevocationRequest = "application/json")
    )),
    responses(
        (status = 200, description = "The token is dead"),
        (status = 400, description = "Refused; unsupported_token_type where the provider can not revoke", body = ErrorReply),
        (status = 401, description = "No access key, or the provider does not accept the proxy's client", body = ErrorReply),
        (status = 403, description = "Refused by the provider, or sent by a browser", body = ErrorReply),
        (status = 404, description = "No such provider", body = ErrorReply),
        (status = 413, description = "More than 16 KiB", body = ErrorReply),
        (status = 415, description = "Neither form nor JSON", body = ErrorReply),
        (status = 429, description = "Too often; see Retry-After", body = ErrorReply),
        (status = 502, description = "The provider's answer makes no sense", body = ErrorReply),
        (status = 503, description = "The provider could not be asked; see Retry-After", body = ErrorReply),
    )
)]
pub(crate) async fn post(State(proxy): State<Arc<ProxyState>>, request: Request) -> Response {
    let mut facts = Facts { grant: Some(REVOKE), ..Facts::default() };
    let answer = revoke(&proxy, request, &mut facts).await;
    facts.attach(answer.unwrap_or_else(IntoResponse::into_response))
}

async fn revoke(
    proxy: &Arc<ProxyState>,
    request: Request,
    facts: &mut Facts,
) -> Result<Response, ProxyError> {
    let id = request.extensions().get::<RequestId>().copied().ok_or(ProxyError::Internal)?;
    let trace = request.extensions().get::<Parent>().cloned();
    let caller = proxy.admission.admit(request.headers()).await?;
    facts.caller = Some(caller.label());
    let body = Body::read(request, &proxy.limits).await?;
    let mut parameters = Parameters::read(&body, PARAMETERS)?;
    let name = parameters.require(Name::Provider)?;
    let provider = proxy.registry.find(name.expose_secret())?;
    caller.may_use(&provider.file.name)?;
    facts.provider = Some(Arc::clone(&provider.label));
    let request = RequestFacts::read(&mut parameters, &provider.file, &provider.oauth)?;
    let hint = parameters.take(Name::TokenTypeHint).map(|text| hint(&text)).transpose()?;
    let token = parameters.require(Name::Token)?;
    parameters.finish()?;
    let revocation = provider.oauth.revocation.as_ref().ok_or(ProxyError::NoRevocation)?;
    let kind = kind(hint, &token);
    if kind.is_some_and(|kind| !revocation.takes(kind)) {
        return Err(ProxyError::NoRevocation);
    }
    let client = provider.client()?;
    proxy.pace.check(&caller, token.expose_secret())?;
    let owner = Owner { provider: &provider.file.name, caller: &caller };
    let token = provider_token(&proxy.sealer, owner, &token, kind, proxy.clock.now())?;
    exchange::revoke(proxy, id, provider, client, request, trace, Revoked { token, hint }).await?;
    Ok(reply::secret(StatusCode::OK, &BTreeMap::<String, String>::new()))
}

fn hint(text: &SecretText) -> Result<TokenTypeHint, ProxyError> {
    match text.expose_secret() {
        "access_token" => Ok(TokenTypeHint::AccessToken),
        "refresh_token" => Ok(TokenTypeHint::RefreshToken),
        _ => Err(ParameterError::Hint.into()),
    }
}

/// What kind of token it is, as far as that is known: only refresh tokens are sealed.
fn kind(hint: Option<TokenTypeHint>, token: &SecretText) -> Option<TokenTypeHint> {
    if Sealer::is_sealed(token.expose_secret()) { Some(TokenTypeHint::RefreshToken) } else { hint }
}

/// The token as the provider knows it. A refresh token must open for its caller, so that nobody ends another's grant (RFC 7009
/// §2.1); access tokens are never sealed.
fn provider_token(
    sealer: &Sealer,
    owner: Owner<'_>,
    token: &SecretText,
    kind: Option<TokenTypeHint>,
    now: Timestamp,
) -> Result<SecretText, ProxyError> {
    let grammar = ParameterError::Grammar(Name::Token);
    // All tokens share one grammar (RFC 6749, appendix A).
    let token = RefreshToken::new(token.expose_secret()).map_err(|_| grammar)?;
    let token =
        if kind == Some(TokenTypeHint::RefreshToken) { sealer.open(owner, token, now)?.token } else { token };
    Ok(SecretText::new(token.expose_secret()).map_err(|_| grammar)?)
}
