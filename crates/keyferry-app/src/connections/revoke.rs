//! Ending a grant: at the provider (RFC 7009), then here.

use std::sync::Arc;

use keyferry_core::{flow::revoke::TokenTypeHint, id::ConnectionId};

use super::{ConnectionError, Connections, Inner, ProxyError};
use crate::vault::{ConnectionRecord, ConnectionState};

/// What became of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The provider ended it, and its tokens are gone here.
    Revoked,
    /// The provider has no endpoint for it. The tokens are gone here and live there until they expire.
    Unsupported,
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
        let revoked = tokio::spawn(async move { inner.revoke(&id).await });
        revoked.await.map_err(|_| ConnectionError::Closing)?
    }

    /// Tries again what could not be told to a provider before.
    ///
    /// # Errors
    /// [`ConnectionError::Vault`].
    pub async fn retry_revocations(&self) -> Result<(), ConnectionError> {
        for record in self.list().await? {
            if record.state == ConnectionState::RevocationPending {
                self.revoke(&record.id).await?;
            }
        }
        Ok(())
    }
}

impl Inner {
    async fn revoke(self: &Arc<Self>, id: &ConnectionId) -> Result<Revocation, ConnectionError> {
        let turn = self.turn(id);
        let _turn = turn.lock().await;
        let record = self.vault.connection(id).await?.ok_or_else(|| ConnectionError::Unknown(id.clone()))?;
        self.vault.mark_connection(id, record.generation, ConnectionState::RevocationPending).await?;
        let outcome = match self.tell(&record).await {
            Ok(()) => Revocation::Revoked,
            Err(ProxyError::NoRevocation) => Revocation::Unsupported,
            Err(error) => {
                tracing::warn!(connection = %id, provider = %record.provider, %error, "a revocation is kept and tried again");
                return Ok(Revocation::Pending);
            }
        };
        self.vault.remove_connection(id).await?;
        tracing::info!(connection = %id, provider = %record.provider, ?outcome, "revoked");
        Ok(outcome)
    }

    /// The refresh token first: with it a provider ends the whole grant (RFC 7009 §2.1).
    async fn tell(&self, record: &ConnectionRecord) -> Result<(), ProxyError> {
        let tokens = &record.tokens;
        if let Some(token) = &tokens.refresh_token {
            self.proxy.revoke(&record.provider, token.expose_secret(), TokenTypeHint::RefreshToken).await?;
        }
        self.proxy
            .revoke(&record.provider, tokens.access_token.expose_secret(), TokenTypeHint::AccessToken)
            .await
    }
}
