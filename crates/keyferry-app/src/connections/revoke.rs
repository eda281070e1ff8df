//! Ending a grant: at the provider (RFC 7009), then here.

use std::sync::Arc;

use jiff::SignedDuration;
use keyferry_core::{
    flow::{error::FailureClass, revoke::TokenTypeHint},
    id::ConnectionId,
    provider::OAuth,
};

use super::{ConnectionError, Connections, Inner, ProxyError, proxy::About};
use crate::vault::{ConnectionRecord, ConnectionState, VaultError};

/// An access token that ends sooner may be dead when it arrives.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(1);

/// What became of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The provider ended it, and its tokens are gone here.
    Revoked,
    /// The provider has no endpoint for it, or its file now names another service than the one that gave the tokens. They are gone here and live there until they expire.
    Unsupported,
    /// The tokens could not be read, so that nobody could be told. They are gone here, and live there until they expire.
    Unreadable,
    /// The provider could not be told. The connection is unusable, and its tokens are kept for the next try alone.
    Pending,
}

impl Connections {
    /// Ends a connection. From the first moment on nothing refreshes or uses it.
    ///
    /// # Errors
    /// [`ConnectionError`] when there is none, or the vault can't be written.
    pub async fn revoke(&self, id: &ConnectionId) -> Result<Revocation, ConnectionError> {
        let (inner, id) = (self.0.clone(), id.clone());
        let revoked = self.0.tasks.spawn(async move { inner.revoke(&id).await });
        revoked.await.map_err(|_| ConnectionError::Closing)?
    }

    /// Tries again what could not be told to a provider before. One that fails holds up no other.
    ///
    /// # Errors
    /// [`ConnectionError::Vault`] when it is not known which these are.
    pub async fn retry_revocations(&self) -> Result<(), ConnectionError> {
        for record in self.list().await?.readable {
            if record.state == ConnectionState::RevocationPending
                && let Err(error) = self.revoke(&record.id).await
            {
                tracing::warn!(connection = %record.id, %error, "a pending revocation could not be tried again");
            }
        }
        Ok(())
    }
}

impl Inner {
    async fn revoke(self: &Arc<Self>, id: &ConnectionId) -> Result<Revocation, ConnectionError> {
        let turn = self.turn(id);
        let _turn = turn.lock().await;
        self.settle(id).await?;
        let record = match self.vault.connection(id).await {
            Ok(record) => record.ok_or_else(|| ConnectionError::Unknown(id.clone()))?,
            Err(error) if error.is_of_one_row() => return self.forget_unreadable(id, &error).await,
            Err(error) => return Err(error.into()),
        };
        self.vault.mark_connection(id, record.generation, ConnectionState::RevocationPending).await?;
        let outcome = match self.tell(record.clone()).await {
            Ok(()) => Revocation::Revoked,
            Err(ConnectionError::Proxy(ProxyError::NoRevocation)) => Revocation::Unsupported,
            Err(error) => {
                tracing::warn!(connection = %id, provider = %record.provider, %error, "a revocation is kept and tried again");
                return Ok(Revocation::Pending);
            }
        };
        self.vault.remove_connection(id).await?;
        tracing::info!(connection = %id, provider = %record.provider, ?outcome, "revoked");
        Ok(outcome)
    }

    async fn forget_unreadable(
        &self,
        id: &ConnectionId,
        error: &VaultError,
    ) -> Result<Revocation, ConnectionError> {
        self.vault.remove_connection(id).await?;
        tracing::warn!(connection = %id, %error, "removed without a revocation, for it could not be read");
        Ok(Revocation::Unreadable)
    }

    /// The refresh token first: with it a provider ends the whole grant (RFC 7009 §2.1). One that takes a single kind of token gets that
    /// one alone.
    async fn tell(&self, record: ConnectionRecord) -> Result<(), ConnectionError> {
        let file = match self.same_service(&record) {
            Err(ConnectionError::Moved(_)) => return Err(ProxyError::NoRevocation.into()),
            same => same.or_else(|_| self.file(&record.provider)).map_err(|_| ProxyError::UnknownProvider)?,
        };
        let oauth = file.oauth().ok_or(ProxyError::NoRevocation)?;
        let takes = |kind| oauth.revocation.as_ref().is_none_or(|revocation| revocation.takes(kind));
        let record = match takes(TokenTypeHint::RefreshToken) {
            true => record,
            false => match self.with_living_token(record, oauth).await? {
                Some(record) => record,
                None => return Ok(()),
            },
        };
        let tokens = &record.tokens;
        let about = About::new(&record.config, &tokens.metadata, &oauth.callback);
        let refresh = tokens.refresh_token.as_ref().filter(|_| takes(TokenTypeHint::RefreshToken));
        if let Some(token) = refresh {
            let token = token.expose_secret();
            self.proxy.revoke(&record.provider, token, TokenTypeHint::RefreshToken, about.clone()).await?;
        }
        let access_token = tokens.access_token.expose_secret();
        let told = match takes(TokenTypeHint::AccessToken) {
            true => {
                self.proxy.revoke(&record.provider, access_token, TokenTypeHint::AccessToken, about).await
            }
            false => Err(ProxyError::NoRevocation),
        };
        match told {
            // Some take refresh tokens alone (RFC 7009 §2.2.1). The grant is over with it.
            Err(ProxyError::NoRevocation) if refresh.is_some() => Ok(()),
            told => Ok(told?),
        }
    }

    /// The connection with an access token that surely lives, for a provider that ends a grant by its access token alone: a dead one
    /// ends nothing there, and the refresh token would live on. None where the provider says that the grant is dead already.
    async fn with_living_token(
        &self,
        record: ConnectionRecord,
        oauth: &OAuth,
    ) -> Result<Option<ConnectionRecord>, ConnectionError> {
        let spendable = record.tokens.refresh_token.as_ref().filter(|_| oauth.token.refresh);
        let lives = record.tokens.expires_at.is_some_and(|end| end.duration_since(self.now()) > ON_ITS_WAY);
        let Some(token) = spendable.filter(|_| !lives) else { return Ok(Some(record)) };
        match self.spend_token(&record, oauth, token, ConnectionState::RevocationPending).await {
            Ok(renewed) => Ok(Some(renewed)),
            Err(ConnectionError::Proxy(error)) if error.class() == FailureClass::Definite => Ok(None),
            Err(error) => Err(error),
        }
    }
}
