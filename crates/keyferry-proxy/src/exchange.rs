//! One exchange with a provider, and what its answer means.

use std::sync::Arc;

use http::StatusCode;
use keyferry_core::flow::{
    error::ErrorCode,
    reply::{TokenReply, TokenReplyError},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    error::ProxyError,
    fault::Fault,
    finish::finish,
    registry::Provider,
    request_id::RequestId,
    state::ProxyState,
    upstream::{UpstreamReply, UpstreamRequest},
};

/// When to try to revoke again, in seconds, where the provider does not say.
const REVOKE_AGAIN: u32 = 30;

/// What an exchange is about, for logs and metrics.
pub(crate) struct Exchange {
    pub(crate) id: RequestId,
    pub(crate) provider: Arc<Provider>,
    pub(crate) grant: &'static str,
}

// === impl Exchange ===

impl Exchange {
    /// Asks the token endpoint.
    pub(crate) async fn tokens(
        self,
        proxy: &Arc<ProxyState>,
        request: UpstreamRequest,
    ) -> Result<TokenReply, ProxyError> {
        self.run(proxy, request, tokens).await
    }

    /// Asks the revocation endpoint.
    pub(crate) async fn revocation(
        self,
        proxy: &Arc<ProxyState>,
        request: UpstreamRequest,
    ) -> Result<(), ProxyError> {
        self.run(proxy, request, revocation).await
    }

    async fn run<T: Send + 'static>(
        self,
        proxy: &Arc<ProxyState>,
        request: UpstreamRequest,
        read: fn(Result<UpstreamReply, Fault>) -> Result<T, Fault>,
    ) -> Result<T, ProxyError> {
        let permit = Arc::clone(&self.provider.exchanges).try_acquire_owned();
        let permit = permit.map_err(|_| ProxyError::Busy)?;
        let Self { id, provider, grant } = self;
        let (state, label) = (Arc::clone(proxy), Arc::clone(&provider.label));
        let work = async move {
            let result = read(state.upstream.send(&provider.label, request).await);
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
}

/// Reads the answer of a token endpoint.
fn tokens(reply: Result<UpstreamReply, Fault>) -> Result<TokenReply, Fault> {
    let UpstreamReply { status, retry_after, body } = reply?;
    later(status, retry_after)?;
    TokenReply::parse(status.as_u16(), &body).map_err(|error| match error {
        TokenReplyError::Refused { code, .. } => refused(code, status, retry_after),
        TokenReplyError::Status { .. } => Fault::Status,
        TokenReplyError::Unusable(_) => Fault::NoReply,
    })
}

/// Reads the answer of a revocation endpoint (RFC 7009 §2.2). Only the provider's own word makes it a success.
fn revocation(reply: Result<UpstreamReply, Fault>) -> Result<(), Fault> {
    #[derive(Deserialize)]
    struct Wire {
        error: Option<Value>,
    }
    let read = |reply: UpstreamReply| {
        let UpstreamReply { status, retry_after, body } = reply;
        later(status, retry_after)?;
        let wire: Option<Wire> = serde_json::from_slice(&body).ok();
        let Some(error) = wire.and_then(|wire| wire.error).filter(|error| !error.is_null()) else {
            return if status.is_success() { Ok(()) } else { Err(Fault::Status) };
        };
        let text = error.as_str().unwrap_or_default();
        let code = ErrorCode::from_provider(text);
        // RFC 7009 §2.2: a token that is not valid needs no revoking. Some services say so with an error.
        if code == ErrorCode::InvalidGrant || text == "invalid_token" {
            return Ok(());
        }
        Err(refused(code, status, retry_after))
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

    fn reply(status: u16, body: &str) -> Result<UpstreamReply, Fault> {
        let status = StatusCode::from_u16(status).unwrap();
        Ok(UpstreamReply { status, retry_after: None, body: body.to_owned().into() })
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
            assert_eq!(revocation(reply(status, body)), Ok(()), "{status} {body}");
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
            let fault = revocation(reply(status, body)).unwrap_err();
            assert_eq!((fault.status().as_u16(), fault.code().as_str()), (expected, code), "{status} {body}");
            assert_eq!(fault.retry_after().is_some(), expected == 503, "{status} {body}");
        }
        for fault in [Fault::Unreachable, Fault::TimedOut, Fault::Broken] {
            assert_eq!(revocation(Err(fault)).unwrap_err().status(), 503);
        }
    }
}
