//! One exchange with a provider, and what its answer means.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use http::StatusCode;
use keyferry_core::{
    flow::{
        client::{ClientCredentials, EndpointRequest},
        error::ErrorCode,
        exchange::CodeGrant,
        refresh::RefreshGrant,
        reply::TokenReplyError,
        revoke::{TokenTypeHint, read_revocation},
    },
    provider::{
        OAuth,
        implementation::{Call, EndpointReply, SecretBytes, SendRequest, StepError, StepFuture},
    },
    secret::SecretText,
};
use zeroize::Zeroize;

use crate::{
    admission::Caller,
    error::ProxyError,
    facts::RequestFacts,
    fault::Fault,
    finish::finish,
    registry::Provider,
    replay::{Answer, Granted, Lead},
    request_id::RequestId,
    seal::Owner,
    state::ProxyState,
    traces::Parent,
    upstream::{UpstreamReply, UpstreamRequest},
};

/// When to try to revoke again, in seconds, where the provider does not say.
const REVOKE_AGAIN: u32 = 30;

/// What an exchange is about, for logs and metrics, and what it is done with.
pub(crate) struct Exchange {
    pub(crate) id: RequestId,
    pub(crate) caller: Caller,
    pub(crate) provider: Arc<Provider>,
    pub(crate) client: Arc<ClientCredentials>,
    pub(crate) facts: RequestFacts,
    /// The span of the request that asked for it, where that is recorded.
    pub(crate) trace: Option<Parent>,
    pub(crate) step: Step,
}

/// One step of the flow. It is taken: a code or a token is sent once.
#[derive(Debug)]
pub(crate) enum Step {
    /// RFC 6749 §4.1.3
    Code(CodeGrant),
    /// RFC 6749 §6
    Refresh(RefreshGrant),
}

/// A token to revoke.
#[derive(Debug)]
pub(crate) struct Revoked {
    pub(crate) token: SecretText,
    pub(crate) hint: Option<TokenTypeHint>,
}

/// The way to one provider for one exchange.
struct Sender<'a> {
    proxy: &'a ProxyState,
    provider: &'a Provider,
    trace: Option<&'a Parent>,
    /// When to come back by the last reply, in seconds; 0 for none.
    retry_after: AtomicU32,
}

// === impl Sender ===

impl Sender<'_> {
    async fn send(&self, request: EndpointRequest<'_>) -> Result<EndpointReply, Fault> {
        let uri = self.provider.uri(&request.endpoint);
        if uri.is_none() {
            self.provider.destinations.check(&request.endpoint).map_err(Fault::Host)?;
        }
        let request = UpstreamRequest::new(uri, &request)?;
        let traces = self.trace.zip(self.proxy.traces.as_ref());
        let span = traces.map(|(parent, traces)| {
            let (method, uri) = request.target();
            traces.provider(parent, &self.provider.label, method, uri)
        });
        let reply = self.proxy.upstream.send(&self.provider.label, request).await;
        if let Some(span) = span {
            span.end(reply.as_ref().map(|reply| reply.status).map_err(|fault| *fault));
        }
        let UpstreamReply { status, retry_after, body } = reply?;
        self.retry_after.store(retry_after.unwrap_or(0), Ordering::Relaxed);
        later(status, retry_after)?;
        Ok(EndpointReply { status: status.as_u16(), body: SecretBytes::new(taken(body)) })
    }

    /// What a failed step is told as.
    fn fault(&self, error: StepError) -> Fault {
        let retry_after = Some(self.retry_after.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0);
        match error {
            StepError::NotAnswered(error) => error.downcast().map_or(Fault::Broken, |fault| *fault),
            StepError::Reply(error) => reply_fault(error, retry_after),
            StepError::Unusable => Fault::NoReply,
            StepError::Request(error) => {
                tracing::error!(provider = &*self.provider.label, %error, "a request could not be made");
                Fault::Unmade
            }
            StepError::Unsupported => Fault::Unmade,
        }
    }
}

impl SendRequest for Sender<'_> {
    fn send<'a>(&'a self, request: EndpointRequest<'a>) -> StepFuture<'a, EndpointReply> {
        Box::pin(
            async move { self.send(request).await.map_err(|fault| StepError::NotAnswered(Box::new(fault))) },
        )
    }
}

// === impl Step ===

impl Step {
    /// Its `grant_type`.
    pub(crate) const fn grant_type(&self) -> &'static str {
        match self {
            Self::Code(_) => "authorization_code",
            Self::Refresh(_) => "refresh_token",
        }
    }

    /// What is presented, for the count of how often.
    pub(crate) fn credential(&self) -> &str {
        match self {
            Self::Code(grant) => grant.code.expose_secret(),
            Self::Refresh(grant) => grant.token.expose_secret(),
        }
    }
}

// === impl Exchange ===

impl Exchange {
    /// Takes the step at the token endpoint, for all who ask for it, and to its end even if they go.
    pub(crate) async fn answer(self, proxy: &Arc<ProxyState>, lead: Lead) -> Arc<Answer> {
        let about =
            Abandoned { id: self.id, label: Arc::clone(&self.provider.label), grant: self.step.grant_type() };
        let state = Arc::clone(proxy);
        let work = async move { lead.settle(self.take_step(&state).await) };
        finish(&proxy.tasks, work, move |answer| about.ended(answer.as_ref().as_ref().err())).await
    }

    async fn take_step(self, proxy: &ProxyState) -> Answer {
        let Self { caller, provider, client, facts, trace, mut step, .. } = self;
        proxy.pace.check(&caller, step.credential())?;
        let owner = Owner { provider: &provider.file.name, caller: &caller };
        let mut kept = None;
        if let Step::Refresh(grant) = step {
            let opened = proxy.sealer.open(owner, grant.token, proxy.clock.now())?;
            kept = opened.to_seal.then(|| opened.token.clone());
            step = Step::Refresh(RefreshGrant { token: opened.token, ..grant });
        }
        let sender =
            Sender { proxy, provider: &provider, trace: trace.as_ref(), retry_after: AtomicU32::new(0) };
        let exchange = async |step| {
            let call = sender.call(&client, &facts);
            let tokens = match step {
                Step::Code(grant) => provider.oauth.provider().exchange_code(&call, grant).await,
                Step::Refresh(grant) => provider.oauth.provider().refresh(&call, grant).await,
            };
            tokens.map_err(|error| sender.fault(error))
        };
        let mut tokens = within_share(proxy, &provider, step.grant_type(), exchange(step)).await?;
        // Where the provider keeps the old one in force, the caller gets that sealed, or under the newer key.
        if let Some(token) = tokens.refresh_token.take().or(kept) {
            tokens.refresh_token = Some(proxy.sealer.seal(owner, token).ok_or(ProxyError::Internal)?);
        }
        Ok(Granted { life: tokens.life(proxy.clock.now()), tokens })
    }
}

impl Sender<'_> {
    fn call<'a>(&'a self, client: &'a ClientCredentials, facts: &'a RequestFacts) -> Call<'a> {
        Call {
            oauth: &self.provider.oauth,
            client,
            values: facts.values(),
            now: self.proxy.clock.now(),
            endpoint: self,
        }
    }
}

/// Revokes a token at the provider.
pub(crate) async fn revoke(
    proxy: &Arc<ProxyState>,
    id: RequestId,
    provider: Arc<Provider>,
    client: Arc<ClientCredentials>,
    facts: RequestFacts,
    trace: Option<Parent>,
    revoked: Revoked,
) -> Result<(), ProxyError> {
    let about = Abandoned { id, label: Arc::clone(&provider.label), grant: "revoke" };
    let state = Arc::clone(proxy);
    let work = async move {
        let sender = Sender {
            proxy: &state,
            provider: &provider,
            trace: trace.as_ref(),
            retry_after: AtomicU32::new(0),
        };
        let exchange = async {
            let call = sender.call(&client, &facts);
            let reply = provider.oauth.provider().revoke(&call, revoked.token, revoked.hint).await;
            revocation(&provider.oauth, reply.map_err(|error| sender.fault(error)))
        };
        within_share(&state, &provider, "revoke", exchange).await
    };
    finish(&proxy.tasks, work, move |result| about.ended(result.as_ref().err())).await
}

/// Runs an exchange within the provider's share.
async fn within_share<T>(
    proxy: &ProxyState,
    provider: &Provider,
    grant: &'static str,
    exchange: impl Future<Output = Result<T, Fault>>,
) -> Result<T, ProxyError> {
    // First the share: whoever goes ahead after a rest, to find out, must have one.
    let permit = provider.exchanges.try_acquire().map_err(|_| ProxyError::Busy)?;
    let breaker = provider.is_one_for_all().then_some(&provider.breaker);
    if let Some(breaker) = breaker {
        breaker.check(Instant::now())?;
    }
    let began = Instant::now();
    let result = exchange.await;
    let took = began.elapsed();
    drop(permit);
    if let Some(rest) = breaker.and_then(|breaker| breaker.ended(result.as_ref().err(), Instant::now())) {
        tracing::warn!(
            provider = &*provider.label,
            seconds = rest.as_secs(),
            "the provider can't be reached, and rests"
        );
    }
    let outcome = result.as_ref().err().map_or("ok", |fault| fault.outcome());
    proxy.metrics.exchange(&provider.label, grant, outcome, took);
    Ok(result?)
}

/// What is logged of an exchange that ends after its caller had gone.
struct Abandoned {
    id: RequestId,
    label: Arc<str>,
    grant: &'static str,
}

// === impl Abandoned ===

impl Abandoned {
    fn ended(self, error: Option<&ProxyError>) {
        let Self { id, label, grant } = self;
        let outcome = error.map_or("ok", ProxyError::outcome);
        tracing::info!(request_id = %id, provider = &*label, grant, outcome, "an exchange ended after its caller had gone");
    }
}

/// A body on its own. As it is it lies in a buffer of the connection, many times as large, which would have to be wiped as a whole.
fn taken(body: Bytes) -> Vec<u8> {
    let text = body.to_vec();
    if let Ok(mut rest) = body.try_into_mut() {
        rest.as_mut().zeroize();
    }
    text
}

/// What a reply without tokens is told as.
fn reply_fault(error: TokenReplyError, retry_after: Option<u32>) -> Fault {
    match error {
        TokenReplyError::Refused { code, status } => {
            refused(code, StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), retry_after)
        }
        TokenReplyError::Status { .. } => Fault::Status,
        TokenReplyError::Unusable(_) => Fault::NoReply,
    }
}

/// Reads the answer of a revocation endpoint (RFC 7009 §2.2). Only the provider's own word makes it a success.
fn revocation(oauth: &OAuth, reply: Result<EndpointReply, Fault>) -> Result<(), Fault> {
    let read = |reply: EndpointReply| {
        let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let read = read_revocation(oauth, reply.status, reply.body.expose_secret());
        read.map_err(|code| code.map_or(Fault::Status, |code| refused(code, status, None)))
    };
    reply.and_then(read).map_err(|fault| match fault {
        Fault::Unreachable
        | Fault::NoFiles
        | Fault::TimedOut
        | Fault::Broken
        | Fault::Status
        | Fault::Later { .. } => {
            let retry_after = fault.retry_after().unwrap_or(REVOKE_AGAIN);
            Fault::NotRevoked { retry_after, outcome: fault.outcome() }
        }
        other => other,
    })
}

/// Statuses that decide alone. An error object in a failure of the provider's own would say nothing of the grant.
fn later(status: StatusCode, retry_after: Option<u32>) -> Result<(), Fault> {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Err(Fault::Later { status, retry_after })
        }
        _ if status.is_server_error() => Err(Fault::Status),
        _ => Ok(()),
    }
}

/// An OAuth error keeps its status; one that came with a success gets that of RFC 6749 §5.2.
fn refused(code: ErrorCode, status: StatusCode, retry_after: Option<u32>) -> Fault {
    let status = if status.is_client_error() { status } else { StatusCode::BAD_REQUEST };
    Fault::Refused { code, status, retry_after }
}

#[cfg(test)]
mod tests {
    use keyferry_core::flow::reply::TokenReply;

    use super::*;

    fn reply(status: u16, body: &str) -> Result<EndpointReply, Fault> {
        later(StatusCode::from_u16(status).unwrap(), None)?;
        Ok(EndpointReply { status, body: SecretBytes::new(body.into()) })
    }

    fn oauth() -> OAuth {
        let text = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://a.example/t\"\n";
        let file = keyferry_core::provider::ProviderFile::parse("acme".parse().unwrap(), "acme.toml", text);
        file.unwrap().file.oauth().unwrap().clone()
    }

    fn tokens(reply: Result<EndpointReply, Fault>) -> Result<TokenReply, Fault> {
        let reply = reply?;
        TokenReply::parse(reply.status, reply.body.expose_secret()).map_err(|error| reply_fault(error, None))
    }

    #[test]
    fn an_answer_becomes_a_status_and_a_code_of_ours() {
        let table = [
            (400, r#"{"error":"invalid_grant"}"#, 400, "invalid_grant"),
            (403, r#"{"error":"invalid_grant","error_description":"x"}"#, 403, "invalid_grant"),
            (401, r#"{"error":"invalid_client"}"#, 401, "invalid_client"),
            (400, r#"{"error":"<b>new</b>"}"#, 400, "server_error"),
            (200, r#"{"error":"bad_verification_code"}"#, 400, "invalid_grant"),
            (200, r#"{"access_token":"a","error":"x"}"#, 400, "server_error"),
            (403, "<html>blocked</html>", 502, "temporarily_unavailable"),
            (404, "", 502, "temporarily_unavailable"),
            (408, "{}", 502, "temporarily_unavailable"),
            (425, "{}", 502, "temporarily_unavailable"),
            (429, r#"{"error":"invalid_grant"}"#, 429, "temporarily_unavailable"),
            (500, r#"{"error":"invalid_grant"}"#, 502, "temporarily_unavailable"),
            (502, "", 502, "temporarily_unavailable"),
            (503, r#"{"error":"invalid_grant"}"#, 503, "temporarily_unavailable"),
            (504, "", 502, "temporarily_unavailable"),
            (200, "<html>", 502, "server_error"),
            (200, r#"{"ok":false}"#, 502, "server_error"),
            (204, "", 502, "temporarily_unavailable"),
        ];
        for (status, body, expected, code) in table {
            let fault = tokens(reply(status, body)).unwrap_err();
            assert_eq!((fault.status().as_u16(), fault.code().as_str()), (expected, code), "{status} {body}");
        }
        assert!(tokens(reply(200, r#"{"access_token":"a"}"#)).is_ok());
    }

    #[test]
    fn only_the_providers_word_revokes() {
        let good = [
            (200, ""),
            (200, "{}"),
            (204, ""),
            (400, r#"{"error":"invalid_token"}"#),
            (400, r#"{"error":"invalid_grant"}"#),
        ];
        for (status, body) in good {
            assert_eq!(revocation(&oauth(), reply(status, body)), Ok(()), "{status} {body}");
        }
        let bad = [
            (500, "", 503, "temporarily_unavailable"),
            (503, "", 503, "temporarily_unavailable"),
            (429, "", 503, "temporarily_unavailable"),
            (404, "<html>", 503, "temporarily_unavailable"),
            (401, r#"{"error":"invalid_client"}"#, 401, "invalid_client"),
            (400, r#"{"error":"unsupported_token_type"}"#, 400, "unsupported_token_type"),
            (200, r#"{"error":"odd"}"#, 400, "server_error"),
        ];
        for (status, body, expected, code) in bad {
            let fault = revocation(&oauth(), reply(status, body)).unwrap_err();
            assert_eq!((fault.status().as_u16(), fault.code().as_str()), (expected, code), "{status} {body}");
            assert_eq!(fault.retry_after().is_some(), expected == 503, "{status} {body}");
        }
        for fault in [Fault::Unreachable, Fault::TimedOut, Fault::Broken] {
            assert_eq!(revocation(&oauth(), Err(fault)).unwrap_err().status(), 503);
        }
    }
}
