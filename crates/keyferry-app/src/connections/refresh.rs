//! Spending a refresh token: one at a time for a connection, durable before anything uses what came back.

use std::sync::Arc;

use keyferry_core::{
    flow::error::FailureClass, id::ConnectionId, idempotency_key::IdempotencyKey, provider::ProviderFile,
};

use super::{
    ConnectionError, Connections, Fresh, Inner, Need, need,
    proxy::About,
    sign_in::{oauth, token_endpoint},
};
use crate::vault::{ConnectionRecord, ConnectionState};

impl Connections {
    /// The connection with an access token that can be used now, refreshed first where that is due.
    ///
    /// # Errors
    /// [`ConnectionError`]. A failure that says nothing against the grant keeps the connection as it is; where the old token still lives,
    /// it is given.
    pub async fn fresh(&self, id: &ConnectionId) -> Result<Fresh, ConnectionError> {
        let record = self.get(id).await?;
        let need = if self.0.unsaved.holds(id) { Need::Refresh } else { self.0.need(&record) };
        match need {
            Need::Nothing => Ok(Fresh { connection: record }),
            Need::SignIn => Err(ConnectionError::NeedsSignIn(record.provider)),
            Need::Refresh => match self.0.spend(id, false).await {
                Ok(connection) => Ok(Fresh { connection }),
                Err(error) if is_harmless(&error) && lives(&record, &self.0) => {
                    tracing::warn!(connection = %id, %error, "a refresh failed; the token still lives");
                    Ok(Fresh { connection: record })
                }
                Err(error) => Err(error),
            },
        }
    }

    /// Refreshes now, whether it is due or not.
    ///
    /// # Errors
    /// [`ConnectionError`].
    pub async fn refresh(&self, id: &ConnectionId) -> Result<ConnectionRecord, ConnectionError> {
        self.0.spend(id, true).await
    }
}

/// Whether the provider did not say that the grant is dead, and nothing of it was spent or lost here.
fn is_harmless(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::Proxy(error) if error.class() != FailureClass::Definite)
}

fn lives(record: &ConnectionRecord, inner: &Inner) -> bool {
    record.tokens.expires_at.is_some_and(|end| end > inner.now())
}

impl Inner {
    /// Refreshes under the connection's lock, in a task of its own: a caller that goes away must not cut off the save of a rotated token.
    async fn spend(
        self: &Arc<Self>,
        id: &ConnectionId,
        forced: bool,
    ) -> Result<ConnectionRecord, ConnectionError> {
        let (inner, id) = (self.clone(), id.clone());
        let spent = self.tasks.spawn(async move {
            let turn = inner.turn(&id);
            let asked_at = inner.vault.connection(&id).await?.map(|record| record.generation);
            let _turn = turn.lock().await;
            inner.settle(&id).await?;
            let record =
                inner.vault.connection(&id).await?.ok_or_else(|| ConnectionError::Unknown(id.clone()))?;
            // Whoever waited looks again: another may have refreshed meanwhile.
            let changed = asked_at != Some(record.generation);
            match inner.need(&record) {
                Need::SignIn if !forced || record.state != ConnectionState::NeedsSignIn => {
                    Err(ConnectionError::NeedsSignIn(record.provider))
                }
                Need::Nothing if !forced || changed => Ok(record),
                _ => inner.spend_locked(record).await,
            }
        });
        spent.await.map_err(|_| ConnectionError::Closing)?
    }

    fn need(&self, record: &ConnectionRecord) -> Need {
        // Without its file a connection can't be refreshed; its token may still be used.
        let file = self.file(&record.provider).ok();
        let token = file.as_ref().and_then(|file| file.oauth()).map(|oauth| &oauth.token);
        let margin = token.and_then(|token| token.refresh_margin);
        need(record, margin, token.is_none_or(|token| token.refresh), self.now())
    }

    /// Refuses a provider file that names another token endpoint than the one that gave the grant: it is another service, and none of
    /// the grant's tokens are for it.
    pub(super) fn same_service(
        &self,
        record: &ConnectionRecord,
    ) -> Result<Arc<ProviderFile>, ConnectionError> {
        let file = self.file(&record.provider)?;
        let oauth = oauth(&file)?;
        if token_endpoint(oauth, &record.config, &record.tokens.metadata)? == record.token_endpoint {
            Ok(file)
        } else {
            Err(ConnectionError::Moved(record.provider.clone()))
        }
    }

    async fn spend_locked(&self, record: ConnectionRecord) -> Result<ConnectionRecord, ConnectionError> {
        let provider = &record.provider;
        let file = self.same_service(&record)?;
        let Some(token) = &record.tokens.refresh_token else {
            return Err(ConnectionError::NotRefreshable(provider.clone()));
        };
        let oauth = oauth(&file)?;
        if !oauth.token.refresh {
            return Err(ConnectionError::NotRefreshable(provider.clone()));
        }
        let about = About::new(&record.config, &record.tokens.metadata, &oauth.callback);
        // A vault that can't be written now would lose what comes back. Then nothing is spent.
        self.vault.note_attempt(&record.id, record.generation, self.now()).await?;
        let key = IdempotencyKey::from_entropy(self.entropy.bytes());
        match self.proxy.refresh(provider, token, about, &key).await {
            Ok(reply) => {
                let now = self.now();
                let renewed = ConnectionRecord {
                    tokens: record.tokens.renewed(reply, now),
                    state: ConnectionState::Active,
                    refreshed_at: Some(now),
                    generation: record.generation + 1,
                    ..record
                };
                self.unsaved.keep(renewed.clone());
                self.settle(&renewed.id).await?;
                tracing::info!(connection = %renewed.id, provider = %renewed.provider, "refreshed");
                Ok(renewed)
            }
            Err(error) if error.class() == FailureClass::Definite => {
                self.vault
                    .mark_connection(&record.id, record.generation, ConnectionState::NeedsSignIn)
                    .await?;
                tracing::warn!(connection = %record.id, %provider, "the provider no longer honours this grant");
                Err(ConnectionError::NeedsSignIn(provider.clone()))
            }
            Err(error) => Err(error.into()),
        }
    }
}
