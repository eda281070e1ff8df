//! `POST /oauth/token`: redeems a code, or refreshes (RFC 6749 §4.1.3 and §6).

mod grant;
mod reply;
mod request;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue};

use self::{reply::TokenResponse, request::TokenRequest};
use crate::{
    body::Body,
    error::{ErrorReply, ProxyError},
    exchange::{Exchange, Step},
    facts::RequestFacts,
    parameters::{Name, Parameters},
    replay::{self, Answer, Asked, Identity, Lead, Turn},
    request_id::RequestId,
    request_log::Facts,
    state::ProxyState,
    traces::Parent,
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

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Redeems an authorization code or a refresh token at the provider's token endpoint, under the proxy's client.
///
/// Each is sent once. An answer that is lost on the way is had again by the same request with the same `Idempotency-Key`, as long as the
/// proxy keeps it: ten minutes, unless whoever runs it says otherwise. Kept are tokens and `invalid_grant`; after any other failure the
/// same request with the same key tries again. Without a key nothing is kept; equal refresh requests at the same time still get one answer.
#[utoipa::path(
    post,
    path = "/oauth/token",
    tag = "oauth",
    request_body(content(
        (TokenRequest = "application/x-www-form-urlencoded"),
        (TokenRequest = "application/json")
    )),
    params((
        "Idempotency-Key" = Option<String>,
        Header,
        description = "32 random bytes in base64url, 43 characters, quoted or bare; drawn for this request alone, and a secret: it opens the answer that is kept"
    )),
    responses(
        (
            status = 200,
            description = "Tokens",
            body = TokenResponse,
            headers((
                "Idempotency-Replayed" = String,
                description = "true, where the answer was given before. expires_in counts from now on all the same. An error that was kept has it too"
            ))
        ),
        (status = 400, description = "The request or the grant is refused, here or by the provider", body = ErrorReply),
        (status = 401, description = "No access key, or the provider does not accept the proxy's client", body = ErrorReply),
        (status = 403, description = "Refused by the provider, or sent by a browser", body = ErrorReply),
        (status = 404, description = "No such provider", body = ErrorReply),
        (status = 413, description = "More than 16 KiB", body = ErrorReply),
        (status = 415, description = "Neither form nor JSON", body = ErrorReply),
        (status = 422, description = "The Idempotency-Key belongs to another request", body = ErrorReply),
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
    let trace = request.extensions().get::<Parent>().cloned();
    let caller = proxy.admission.admit(request.headers()).await?;
    facts.caller = Some(caller.label());
    let key = replay::presented(request.headers())?;
    let body = Body::read(request, &proxy.limits).await?;
    let mut parameters = Parameters::read(&body, PARAMETERS)?;
    let name = parameters.require(Name::Provider)?;
    let provider = proxy.registry.find(name.expose_secret())?;
    caller.may_use(&provider.file.name)?;
    facts.provider = Some(Arc::clone(&provider.label));
    let request = RequestFacts::read(&mut parameters, &provider.file, &provider.oauth)?;
    let step = grant::read(parameters, &provider, proxy.is_open())?;
    facts.grant = Some(step.grant_type());
    let client = provider.client()?;
    provider.reachable(&request)?;
    // A code without a key is sent as often as it is presented: it is for the provider to notice.
    let shared = matches!(step, Step::Refresh(_));
    let turn = if shared || key.is_some() {
        let identity = Identity::of(&caller, &provider.label, &request, &step);
        proxy.replay.begin(Asked { caller: &caller, key: key.as_ref(), identity, shared })?
    } else {
        Turn::Lead(Lead::alone())
    };
    let answer = match turn {
        Turn::Kept(answer, age) => return Ok(replayed(&answer, age)),
        Turn::Wait(waiting) => waiting.answer().await,
        Turn::Lead(lead) => {
            let exchange = Exchange { id, caller, provider, client, facts: request, trace, step };
            exchange.answer(proxy, lead).await
        }
    };
    Ok(respond(&answer, Duration::ZERO))
}

fn respond(answer: &Answer, age: Duration) -> Response {
    match answer {
        Ok(granted) => TokenResponse::respond(granted, age),
        Err(error) => error.clone().into_response(),
    }
}

fn replayed(answer: &Answer, age: Duration) -> Response {
    let mut response = respond(answer, age);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
