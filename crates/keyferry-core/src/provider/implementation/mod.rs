//! What a provider file can't say, in Rust.
//!
//! A file names an implementation with `implementation = "…"`. Its methods are the standard flow unless they are overridden, and
//! reach the network through [`Call::send`] alone: to the file's endpoints, with the client's credentials, within the proxy's limits.
//!
//! ```
//! use keyferry_core::{
//!     provider::implementation::{Call, Provider, StepError, StepFuture},
//!     secret::RefreshToken,
//!     flow::{refresh::RefreshGrant, reply::TokenReply},
//! };
//!
//! /// A service that wants its refresh token within parentheses.
//! struct Bracketed;
//!
//! impl Provider for Bracketed {
//!     fn refresh<'a>(&'a self, call: &'a Call<'a>, grant: RefreshGrant) -> StepFuture<'a, TokenReply> {
//!         Box::pin(async move {
//!             let text = format!("({})", grant.token.expose_secret());
//!             let token = RefreshToken::new(text).map_err(|_| StepError::Unusable)?;
//!             call.refresh(RefreshGrant { token, ..grant }).await
//!         })
//!     }
//! }
//! # let _: &dyn Provider = &Bracketed;
//! ```

mod instagram;

use std::{error::Error, fmt, future::Future, pin::Pin};

use jiff::Timestamp;

use super::OAuth;
use crate::{
    delivery::Values,
    flow::{
        client::{ClientCredentials, EndpointRequest, RequestError},
        exchange::{CodeGrant, token_request},
        refresh::{RefreshGrant, refresh_request},
        reply::{TokenReply, TokenReplyError},
        revoke::{TokenTypeHint, revocation_request},
    },
    secret::SecretText,
};

/// What an implementation's methods return.
pub type StepFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StepError>> + Send + 'a>>;

/// The steps of the flow at the token and revocation endpoints. Each is the standard one unless it is overridden.
pub trait Provider: Send + Sync {
    /// Redeems a code (RFC 6749 §4.1.3).
    fn exchange_code<'a>(&'a self, call: &'a Call<'a>, grant: CodeGrant) -> StepFuture<'a, TokenReply> {
        Box::pin(call.exchange_code(grant))
    }

    /// Spends a refresh token (RFC 6749 §6).
    fn refresh<'a>(&'a self, call: &'a Call<'a>, grant: RefreshGrant) -> StepFuture<'a, TokenReply> {
        Box::pin(call.refresh(grant))
    }

    /// Revokes a token (RFC 7009 §2.1). The answer is the provider's, unread.
    fn revoke<'a>(
        &'a self,
        call: &'a Call<'a>,
        token: SecretText,
        hint: Option<TokenTypeHint>,
    ) -> StepFuture<'a, EndpointReply> {
        Box::pin(call.revoke(token, hint))
    }
}

/// The standard flow.
#[derive(Debug, Clone, Copy)]
pub struct Standard;

impl Provider for Standard {}

/// One call to a provider: what it is like, who calls, and how the network is reached.
pub struct Call<'a> {
    /// The provider's flow.
    pub oauth: &'a OAuth,
    /// The client that calls.
    pub client: &'a ClientCredentials,
    /// What the person was asked for, and what the provider told.
    pub values: Values<'a>,
    /// When the call is made.
    pub now: Timestamp,
    /// The way to the network.
    pub endpoint: &'a dyn SendRequest,
}

/// The way to the network, as the proxy has it: timed, bounded, without redirects.
pub trait SendRequest: Send + Sync {
    /// Sends a request once and reads its reply to the end.
    fn send<'a>(&'a self, request: EndpointRequest<'a>) -> StepFuture<'a, EndpointReply>;
}

/// A reply, read to its end.
#[derive(Debug)]
pub struct EndpointReply {
    /// The HTTP status.
    pub status: u16,
    /// The body. It may hold tokens.
    pub body: SecretBytes,
}

/// Bytes that are never printed.
pub struct SecretBytes(Vec<u8>);

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The request could not be made.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// No reply: what the sender says of it.
    #[error("no reply came: {0}")]
    NotAnswered(Box<dyn Error + Send + Sync>),
    /// The reply gives no tokens.
    #[error(transparent)]
    Reply(#[from] TokenReplyError),
    /// The provider has no endpoint for this step.
    #[error("the provider has no endpoint for this")]
    Unsupported,
    /// A value that the step can't work with.
    #[error("a value can't be used")]
    Unusable,
}

impl Call<'_> {
    /// Sends a request.
    ///
    /// # Errors
    /// [`StepError::NotAnswered`].
    pub async fn send(&self, request: EndpointRequest<'_>) -> Result<EndpointReply, StepError> {
        self.endpoint.send(request).await
    }

    /// The standard code exchange.
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn exchange_code(&self, grant: CodeGrant) -> Result<TokenReply, StepError> {
        let request = token_request(self.oauth, self.client, grant, &self.values)?;
        self.tokens(request).await
    }

    /// The standard refresh.
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn refresh(&self, grant: RefreshGrant) -> Result<TokenReply, StepError> {
        if !self.oauth.token.refresh {
            return Err(StepError::Unsupported);
        }
        let request = refresh_request(self.oauth, self.client, &grant, &self.values)?;
        self.tokens(request).await
    }

    /// The standard revocation.
    ///
    /// # Errors
    /// [`StepError`]; [`StepError::Unsupported`] where there is no endpoint for it.
    pub async fn revoke(
        &self,
        token: SecretText,
        hint: Option<TokenTypeHint>,
    ) -> Result<EndpointReply, StepError> {
        let request = revocation_request(self.oauth, self.client, &token, hint, &self.values)?;
        self.send(request.ok_or(StepError::Unsupported)?).await
    }

    /// Sends a request and reads the reply as tokens.
    ///
    /// # Errors
    /// [`StepError`].
    pub async fn tokens(&self, request: EndpointRequest<'_>) -> Result<TokenReply, StepError> {
        let reply = self.send(request).await?;
        self.read(&reply)
    }

    /// Reads a reply as tokens, with what the file says of their life.
    ///
    /// # Errors
    /// [`StepError::Reply`].
    pub fn read(&self, reply: &EndpointReply) -> Result<TokenReply, StepError> {
        let token = &self.oauth.token;
        let mut tokens = TokenReply::read(&token.response, reply.status, reply.body.expose_secret())?;
        if tokens.expires_in.is_none() && tokens.expires_at.is_none() {
            tokens.expires_in = token.expires_in;
        }
        Ok(tokens)
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Call").field("client_id", &self.client.client_id).finish_non_exhaustive()
    }
}

impl SecretBytes {
    /// Takes bytes over.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the one place that reads them.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[redacted]")
    }
}

/// An implementation that a provider file can name.
#[derive(Clone, Copy)]
pub struct Implementation {
    name: &'static str,
    provider: &'static dyn Provider,
}

/// All of them.
const ALL: [Implementation; 1] = [Implementation { name: "instagram", provider: &instagram::Instagram }];

impl Implementation {
    /// The implementation of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|known| known.name == name)
    }

    /// The names of all of them.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        ALL.iter().map(|known| known.name).collect()
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl OAuth {
    /// What does this provider's steps.
    #[must_use]
    pub fn provider(&self) -> &'static dyn Provider {
        match self.implementation {
            Some(implementation) => implementation.provider,
            None => &Standard,
        }
    }
}

impl fmt::Debug for Implementation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Implementation({})", self.name)
    }
}
