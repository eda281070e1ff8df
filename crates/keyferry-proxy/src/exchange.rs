//! One exchange with a provider, and what its answer means.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use http::StatusCode;
use keyferry_core::{
    flow::{
        client::{ClientCredentials, EndpointRequest},
        error::ErrorCode,
        exchange::CodeGrant,
        refresh::RefreshGrant,
        reply::{TokenReply, TokenReplyError},
        revoke::{TokenTypeHint, read_revocation},
    },
    provider::{
        OAuth,
        implementation::{Call, EndpointReply, SecretBytes, SendRequest, StepError, StepFuture},
    },
    secret::SecretText,
};

use crate::{
    clock,
    error::ProxyError,
    facts::RequestFacts,
    fault::Fault,
    finish::finish,
    registry::Provider,
    request_id::RequestId,
    state::ProxyState,
    upstream::{UpstreamReply, UpstreamRequest},
};

/// When to try to revoke again, in seconds, where the provider does not say.
const REVOKE_AGAIN: u32 = 30;

/// What an exchange is about, for logs and metrics, and what it is done with.
pub(crate) struct Exchange {
    pub(crate) id: RequestId,
    pub(crate) provider: Arc<Provider>,
    pub(crate) client: Arc<ClientCredentials>,
    pub(crate) facts: RequestFacts,
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
        let UpstreamReply { status, retry_after, body } =
            self.proxy.upstream.send(&self.provider.label, request).await?;
        self.retry_after.store(retry_after.unwrap_or(0), Ordering::Relaxed);
        later(status, retry_after)?;
        Ok(EndpointReply { status: status.as_u16(), body: SecretBytes::new(body.into()) })
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
}

// === impl Exchange ===

impl Exchange {
    /// Takes the step at the token endpoint.
    pub(crate) async fn tokens(self, proxy: &Arc<ProxyState>) -> Result<TokenReply, ProxyError> {
        let Self { id, provider, client, facts, step } = self;
        let grant = step.grant_type();
        let (state, own) = (Arc::clone(proxy), Arc::clone(&provider));
        let work = async move {
            let sender = Sender { proxy: &state, provider: &own, retry_after: AtomicU32::new(0) };
            let call = sender.call(&client, &facts);
            let tokens = match step {
                Step::Code(grant) => own.oauth.provider().exchange_code(&call, grant).await,
                Step::Refresh(grant) => own.oauth.provider().refresh(&call, grant).await,
            };
            tokens.map_err(|error| sender.fault(error))
        };
        run(proxy, id, provider, grant, work).await
    }
}

impl Sender<'_> {
    fn call<'a>(&'a self, client: &'a ClientCredentials, facts: &'a RequestFacts) -> Call<'a> {
        Call {
            oauth: &self.provider.oauth,
            client,
            values: facts.values(),
            now: clock::now(),
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
    revoked: Revoked,
) -> Result<(), ProxyError> {
    let (state, own) = (Arc::clone(proxy), Arc::clone(&provider));
    let work = async move {
        let sender = Sender { proxy: &state, provider: &own, retry_after: AtomicU32::new(0) };
        let call = sender.call(&client, &facts);
        let reply = own.oauth.provider().revoke(&call, revoked.token, revoked.hint).await;
        revocation(&own.oauth, reply.map_err(|error| sender.fault(error)))
    };
    run(proxy, id, provider, "revoke", work).await
}

/// Runs an exchange within the provider's share, to its end even if its caller goes.
async fn run<T: Send + 'static>(
    proxy: &Arc<ProxyState>,
    id: RequestId,
    provider: Arc<Provider>,
    grant: &'static str,
    exchange: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, ProxyError> {
    let permit = Arc::clone(&provider.exchanges).try_acquire_owned();
    let permit = permit.map_err(|_| ProxyError::Busy)?;
    let (state, label) = (Arc::clone(proxy), Arc::clone(&provider.label));
    let work = async move {
        let result = exchange.await;
        drop(permit);
        let outcome = result.as_ref().err().map_or("ok", |fault| fault.outcome());
        state.metrics.exchange(&provider.label, grant, outcome);
        result
    };
    let alone = move |result: Result<T, Fault>| {
        let outcome = result.err().map_or("ok", Fault::outcome);
        tracing::info!(request_id = %id, provider = &*label, grant, outcome, "an exchange ended after its caller had gone");
    };
    Ok(finish(&proxy.tasks, work, alone).await?)
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
        Fault::Unreachable | Fault::TimedOut | Fault::Broken | Fault::Status | Fault::Later { .. } => {
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
