//! The app's way to the OAuth proxy. The one HTTP client of this crate that carries codes and tokens.

use std::{collections::BTreeMap, time::Duration};

use http::HeaderValue;
use jiff::SignedDuration;
use keyferry_core::{
    fact::Facts,
    flow::{
        callback::AuthorizedCode,
        error::FailureClass,
        reply::{LONGEST_REPLY, TokenReply, TokenReplyError},
        revoke::TokenTypeHint,
    },
    id::{ClientId, FactName, ProviderName},
    idempotency_key::{HEADER, IdempotencyKey},
    provider::CallbackFormat,
    secret::{CodeVerifier, RefreshToken, SecretText},
    url::{Endpoint, is_loopback},
};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
    redirect,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failpoint::failpoint;

/// How long a connection to the proxy may take.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a whole exchange may take. Above the proxy's own limit, so that its answer arrives.
const TOTAL: Duration = Duration::from_secs(15);

/// How long an idle connection is kept. Shorter than the proxy keeps it, so that no code is sent into one that is being closed.
const IDLE: Duration = Duration::from_secs(5);

/// The longest list of providers that is read, in bytes. A thousand of them make about 4 MiB.
const LONGEST_LIST: usize = 8 * 1024 * 1024;

/// The client to the proxy.
#[derive(Debug, Clone)]
pub struct ProxyClient {
    client: Client,
    base: Endpoint,
    access_key: Option<SecretText>,
}

/// Why the proxy gave nothing. Holds neither address nor body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// No connection: nothing was sent.
    #[error("the proxy can't be reached")]
    Unreachable,
    /// No whole reply in time. The request may have been acted on.
    #[error("the proxy's reply did not arrive")]
    NoReply,
    /// The reply is longer than any.
    #[error("the proxy's reply is too long")]
    TooLong,
    /// The proxy does not know the provider, or is none.
    #[error("the proxy does not know this provider")]
    UnknownProvider,
    /// The proxy wants an access key, or another one.
    #[error("the proxy lets in only those who have an access key")]
    AccessKey,
    /// The proxy sends no secret to the host that the person named: nothing was sent.
    #[error("the proxy does not send its secret to this host")]
    Host,
    /// The provider has no revocation endpoint.
    #[error("the provider has no way to revoke")]
    NoRevocation,
    /// The proxy, or the provider behind it, said no.
    #[error("{0}")]
    Reply(TokenReplyError),
    /// It said no, and when to ask again (RFC 9110 §10.2.3).
    #[error("{0}")]
    Later(TokenReplyError, SignedDuration),
}

/// What the proxy tells of a provider.
#[derive(Debug, Deserialize)]
pub struct ProviderFacts {
    /// The client id to ask with.
    pub client_id: Option<ClientId>,
    /// Whether the proxy has its credentials.
    pub configured: bool,
    /// Where a sign-in comes back to, where that is the proxy.
    #[serde(default)]
    pub redirect_uri: Option<String>,
    /// The hosts that its operator listed, where the provider file leaves the host to the person.
    #[serde(default)]
    pub allowed_hosts: Option<Vec<String>>,
}

/// One provider of the proxy's list.
#[derive(Debug, Deserialize)]
pub struct ListedProvider {
    /// Its name, which may be anything.
    pub name: String,
    /// Whether the proxy has its credentials.
    pub configured: bool,
    /// The hosts that its operator listed, where the provider file leaves the host to the person.
    #[serde(default)]
    pub allowed_hosts: Option<Vec<String>>,
    /// Its provider file, which may be anything.
    #[serde(default)]
    pub file: Option<String>,
}

#[derive(Deserialize)]
struct ProviderList {
    providers: Vec<ListedProvider>,
}

#[derive(Serialize)]
struct CodeExchange<'a> {
    provider: &'a str,
    grant_type: &'static str,
    code: &'a str,
    redirect_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_verifier: Option<&'a str>,
    #[serde(flatten)]
    about: About<'a>,
}

/// What a request says beside its grant: what the person was asked for, and what the provider added to its redirect.
#[derive(Debug, Clone, Default, Serialize)]
pub struct About<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    config: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    callback: BTreeMap<&'a str, &'a str>,
}

impl<'a> About<'a> {
    /// Of the facts that a provider told only those of its redirect are for the proxy.
    #[must_use]
    pub fn new(config: &'a Facts, metadata: &'a Facts, format: &CallbackFormat) -> Self {
        let pair = |(name, text): (&'a FactName, &'a SecretText)| (name.as_str(), text.expose_secret());
        let told = metadata.iter().filter(|(name, _)| format.metadata.contains(name));
        Self { config: config.iter().map(pair).collect(), callback: told.map(pair).collect() }
    }
}

#[derive(Serialize)]
struct Refresh<'a> {
    provider: &'a str,
    grant_type: &'static str,
    refresh_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    #[serde(flatten)]
    about: About<'a>,
}

#[derive(Serialize)]
struct Revocation<'a> {
    provider: &'a str,
    token: &'a str,
    token_type_hint: &'static str,
    #[serde(flatten)]
    about: About<'a>,
}

/// Further facts of a token reply.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    metadata: BTreeMap<FactName, String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    reason: Option<String>,
}

impl ProxyClient {
    /// A client for the proxy at `base`. Redirects are not followed: the next address would get the code or token. Nor does plain http,
    /// which is for this machine alone, go through an HTTP proxy that the environment names.
    ///
    /// # Errors
    /// [`reqwest::Error`] when the platform's root certificates can't be had.
    pub fn new(base: Endpoint, access_key: Option<SecretText>) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .pool_idle_timeout(IDLE);
        let builder = if is_loopback(base.url()) { builder.no_proxy() } else { builder };
        let builder = builder.user_agent(concat!("keyferry-app/", env!("CARGO_PKG_VERSION"))).referer(false);
        Ok(Self { client: builder.build()?, base, access_key })
    }

    /// What the proxy knows of a provider.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub async fn facts(&self, provider: &ProviderName) -> Result<ProviderFacts, ProxyError> {
        let request = self.client.get(self.address(&format!("oauth/providers/{provider}")));
        let Answer { status, body, .. } = self.send(request).await?;
        match status {
            200 => serde_json::from_slice(&body)
                .map_err(|_| ProxyError::Reply(TokenReplyError::Unusable("it does not describe a provider"))),
            404 => Err(ProxyError::UnknownProvider),
            _ => Err(ProxyError::Reply(TokenReplyError::Status { status })),
        }
    }

    /// All providers that the proxy knows.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub async fn list(&self) -> Result<Vec<ListedProvider>, ProxyError> {
        let request = self.client.get(self.address("oauth/providers"));
        let Answer { status, body, .. } = self.send_up_to(LONGEST_LIST, request).await?;
        match status {
            200 => serde_json::from_slice::<ProviderList>(&body)
                .map(|list| list.providers)
                .map_err(|_| ProxyError::Reply(TokenReplyError::Unusable("it is no list of providers"))),
            _ => Err(ProxyError::Reply(TokenReplyError::Status { status })),
        }
    }

    /// Whether the proxy is on this machine's loopback.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_loopback(self.base.url())
    }

    /// Redeems a code. To be called again for it only where the reply did not arrive, and with the same key: the proxy then gives the reply
    /// that it keeps.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub async fn exchange(
        &self,
        code: &AuthorizedCode,
        format: &CallbackFormat,
        key: &IdempotencyKey,
    ) -> Result<TokenReply, ProxyError> {
        let request = CodeExchange {
            provider: code.provider.as_str(),
            grant_type: "authorization_code",
            code: code.code.expose_secret(),
            redirect_uri: code.redirect_uri.as_str(),
            code_verifier: code.verifier.as_ref().map(CodeVerifier::expose_secret),
            about: About::new(&code.config, &code.metadata, format),
        };
        self.tokens(&request, key).await
    }

    /// Spends a refresh token. `redirect_uri` is that of the sign-in, for a provider that wants it repeated. With the key of an earlier
    /// try, the proxy gives the reply of that one, as long as it keeps it.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub async fn refresh(
        &self,
        provider: &ProviderName,
        token: &RefreshToken,
        redirect_uri: Option<&str>,
        about: About<'_>,
        key: &IdempotencyKey,
    ) -> Result<TokenReply, ProxyError> {
        let (provider, refresh_token) = (provider.as_str(), token.expose_secret());
        let grant_type = "refresh_token";
        self.tokens(&Refresh { provider, grant_type, refresh_token, redirect_uri, about }, key).await
    }

    /// Revokes a token (RFC 7009).
    ///
    /// # Errors
    /// [`ProxyError::NoRevocation`] when the provider has no endpoint for it; otherwise the token may still live.
    pub async fn revoke(
        &self,
        provider: &ProviderName,
        token: &str,
        hint: TokenTypeHint,
        about: About<'_>,
    ) -> Result<(), ProxyError> {
        let request =
            Revocation { provider: provider.as_str(), token, token_type_hint: hint.as_str(), about };
        let request = self.client.post(self.address("oauth/revoke")).json(&request);
        let Answer { status, body, retry_after } = self.send(request).await?;
        if status == 200 {
            return Ok(());
        }
        match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) if refusal.error == "unsupported_token_type" => Err(ProxyError::NoRevocation),
            _ => Err(refused(TokenReplyError::Status { status }, &body, retry_after)),
        }
    }

    async fn tokens(&self, request: &impl Serialize, key: &IdempotencyKey) -> Result<TokenReply, ProxyError> {
        let request = self.client.post(self.address("oauth/token")).json(request);
        let Answer { status, body, retry_after } = self.send(request.header(HEADER, header(key))).await?;
        let mut reply =
            TokenReply::parse(status, &body).map_err(|error| refused(error, &body, retry_after))?;
        // A reply whose facts can't be read still carries a grant.
        if let Ok(Told { metadata }) = serde_json::from_slice(&body) {
            let facts =
                metadata.into_iter().filter_map(|(name, text)| Some((name, SecretText::new(text).ok()?)));
            reply.metadata = facts.collect();
        }
        Ok(reply)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, ProxyError> {
        self.send_up_to(LONGEST_REPLY, request).await
    }

    async fn send_up_to(&self, longest: usize, request: RequestBuilder) -> Result<Answer, ProxyError> {
        let request = match &self.access_key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        };
        let response = request.send().await.map_err(|error| classified(&error))?;
        failpoint("K4");
        // The challenge is the proxy's own: what a provider refuses comes without one.
        if response.status() == StatusCode::UNAUTHORIZED && response.headers().contains_key(WWW_AUTHENTICATE)
        {
            return Err(ProxyError::AccessKey);
        }
        read(response, longest).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }
}

/// What the proxy answered.
struct Answer {
    status: u16,
    body: Zeroizing<Vec<u8>>,
    retry_after: Option<SignedDuration>,
}

/// Why there are no tokens: what the proxy itself would not send, or what came back.
fn refused(error: TokenReplyError, body: &[u8], retry_after: Option<SignedDuration>) -> ProxyError {
    match (serde_json::from_slice::<Refusal>(body), retry_after) {
        (Ok(Refusal { reason: Some(reason), .. }), _) if reason == "host" => ProxyError::Host,
        (_, Some(pause)) => ProxyError::Later(error, pause),
        (_, None) => ProxyError::Reply(error),
    }
}

/// The key as a header's value, which no log of requests shows.
fn header(key: &IdempotencyKey) -> HeaderValue {
    // Its alphabet fits into any header.
    let value = HeaderValue::from_str(&key.expose_header());
    let mut value = value.unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Status and body, of which no more is read than a reply has.
async fn read(mut response: Response, longest: usize) -> Result<Answer, ProxyError> {
    let status = response.status().as_u16();
    // The proxy tells it in seconds, whatever the provider wrote.
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let retry_after = retry_after.map(|seconds: u32| SignedDuration::from_secs(seconds.into()));
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|_| ProxyError::NoReply)? {
        if body.len() + chunk.len() > longest {
            return Err(ProxyError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body, retry_after })
}

/// The kind of failure alone: the error itself carries the address.
fn classified(error: &reqwest::Error) -> ProxyError {
    if error.is_connect() { ProxyError::Unreachable } else { ProxyError::NoReply }
}

impl ProxyError {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "proxy_unreachable",
            Self::NoReply => "proxy_no_reply",
            Self::TooLong => "proxy_reply_too_long",
            Self::UnknownProvider => "proxy_unknown_provider",
            Self::AccessKey => "proxy_access_key",
            Self::Host => "proxy_host_not_allowed",
            Self::NoRevocation => "no_revocation",
            Self::Reply(_) | Self::Later(..) => "provider_refused",
        }
    }

    /// A stable word for why, the provider's own reason included.
    #[must_use]
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Reply(error) | Self::Later(error, _) => match error {
                TokenReplyError::Refused { code, .. } => code.as_str(),
                TokenReplyError::Status { .. } => "provider_failed",
                TokenReplyError::Unusable(_) => "bad_reply",
            },
            other => other.code(),
        }
    }

    /// How long the provider, or the proxy, wants to be left alone.
    #[must_use]
    pub const fn retry_after(self) -> Option<SignedDuration> {
        match self {
            Self::Later(_, pause) => Some(pause),
            _ => None,
        }
    }

    /// Whether what was sent may have been spent at the provider although nothing came back. A refusal was not; nor was what the proxy
    /// had no room to send.
    #[must_use]
    pub const fn may_have_been_spent(self) -> bool {
        match self {
            Self::NoReply | Self::TooLong => true,
            Self::Reply(error) | Self::Later(error, _) => match error {
                TokenReplyError::Refused { status, .. } | TokenReplyError::Status { status } => {
                    matches!(status, 200..=299 | 500 | 502 | 504)
                }
                TokenReplyError::Unusable(_) => true,
            },
            Self::Unreachable | Self::UnknownProvider | Self::AccessKey | Self::Host | Self::NoRevocation => {
                false
            }
        }
    }

    /// What the person can do next.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "start it with `keyferry proxy`, or say where it is with --proxy-url or KEYFERRY_PROXY_URL"
            }
            Self::NoReply | Self::TooLong => "try again in a moment; the proxy's log says more",
            Self::UnknownProvider => "give the proxy the provider file too: `keyferry proxy --providers DIR`",
            Self::AccessKey => {
                "ask its operator for a key, and set KEYFERRY_PROXY_ACCESS_KEY or proxy_access_key in keyferry.toml"
            }
            Self::Host => {
                "whoever runs the proxy can list the host in the provider's variable that ends in _ALLOWED_HOSTS, and start it again"
            }
            Self::NoRevocation => "remove the access on the service's own page",
            Self::Reply(error) | Self::Later(error, _) => match error.class() {
                FailureClass::Definite => "sign in again",
                FailureClass::Operator => {
                    "whoever runs the proxy has to look at the client id, the secret and the redirect URL"
                }
                FailureClass::Passing => "try again in a moment; the proxy's log says more",
            },
        }
    }

    /// What the failure says about the grant.
    #[must_use]
    pub const fn class(self) -> FailureClass {
        match self {
            Self::Reply(error) | Self::Later(error, _) => error.class(),
            Self::UnknownProvider | Self::AccessKey | Self::Host => FailureClass::Operator,
            Self::Unreachable | Self::NoReply | Self::TooLong | Self::NoRevocation => FailureClass::Passing,
        }
    }
}
