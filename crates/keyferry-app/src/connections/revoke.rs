//! Ending a grant: at the provider (RFC 7009), then here.

use std::sync::Arc;

use jiff::SignedDuration;
use keyferry_core::{
    flow::{error::FailureClass, revoke::TokenTypeHint},
    id::ConnectionId,
    provider::OAuth,
    refresh::{Next, Wanted},
};

use super::{
    ConnectionError, Connections, Inner, ProxyError, proxy::About, refresh::Unsent, standing::failure,
    turns::Held,
};
use crate::vault::{ConnectionRecord, ConnectionState, Event, LastFailure, VaultError};

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

impl Revocation {
    /// A stable word.
    const fn word(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Unsupported => "not_supported",
            Self::Unreadable => "unreadable",
            Self::Pending => "pending",
        }
    }
}

impl Connections {
    /// Ends a connection. From the first moment on nothing refreshes or uses it. Where the provider can't be told, it is told later.
    ///
    /// # Errors
    /// [`ConnectionError`] when there is none, or the vault can't be written.
    pub async fn revoke(&self, id: &ConnectionId) -> Result<Revocation, ConnectionError> {
        self.0.end(id, Wanted::Another).await
    }
}

impl Inner {
    /// Ends a connection in a task of its own, for who asked may go away.
    pub(super) async fn end(
        self: &Arc<Self>,
        id: &ConnectionId,
        wanted: Wanted,
    ) -> Result<Revocation, ConnectionError> {
        let (inner, id) = (self.clone(), id.clone());
        let ended = self.tasks.spawn(async move {
            let ended = inner.revoke(&id, wanted).await;
            inner.news.tell(&id);
            ended
        });
        ended.await.map_err(|_| ConnectionError::Closing)?
    }

    async fn revoke(&self, id: &ConnectionId, wanted: Wanted) -> Result<Revocation, ConnectionError> {
        let held = self.turn(id).await?;
        let record = match self.settle(&held, id).await {
            Ok(settled) => match settled.unsaved {
                Some(error) => return Err(error.into()),
                None => settled.record,
            },
            Err(ConnectionError::Vault(error)) if error.is_of_one_row() => {
                return self.forget_unreadable(held, id, &error).await;
            }
            Err(error) => return Err(error),
        };
        self.vault.mark_to_be_revoked(id, record.generation).await?;
        let marked = ConnectionRecord { state: ConnectionState::RevocationPending, ..record };
        if let Next::Wait(_) = self.next(&marked, false, wanted) {
            return Ok(Revocation::Pending);
        }
        let outcome = match self.tell(&held, marked.clone()).await {
            Ok(()) => Revocation::Revoked,
            Err(ConnectionError::Proxy(ProxyError::NoRevocation)) => Revocation::Unsupported,
            Err(error) => return self.keep_for_later(&marked.id, error).await,
        };
        self.remove(held, id, outcome).await?;
        tracing::info!(connection = %id, provider = %marked.provider, ?outcome, "revoked");
        Ok(outcome)
    }

    async fn keep_for_later(
        &self,
        id: &ConnectionId,
        error: ConnectionError,
    ) -> Result<Revocation, ConnectionError> {
        // A refresh on the way there may have changed it.
        let Some(record) = self.vault.connection(id).await? else { return Ok(Revocation::Pending) };
        let (retry_after, code) = match &error {
            ConnectionError::Proxy(error) => (error.retry_after(), error.cause()),
            other => (None, other.code()),
        };
        let before = record.failure.as_ref().map(|last| &last.failure);
        let failure = failure(before, error.class(), retry_after, self.now());
        let failed = LastFailure { failure, code: code.to_owned() };
        let event = (failure.count == 1).then(|| Event::RevocationPending { code: failed.code.clone() });
        self.vault.note_failure(&record, &failed, event).await?;
        tracing::warn!(connection = %record.id, provider = %record.provider, %error, "a revocation is kept and tried again");
        Ok(Revocation::Pending)
    }

    async fn forget_unreadable(
        &self,
        held: Held,
        id: &ConnectionId,
        error: &VaultError,
    ) -> Result<Revocation, ConnectionError> {
        self.remove(held, id, Revocation::Unreadable).await?;
        tracing::warn!(connection = %id, %error, "removed without a revocation, for it could not be read");
        Ok(Revocation::Unreadable)
    }

    /// Takes the tokens out of the vault, and what is left of them in the journal.
    async fn remove(&self, held: Held, id: &ConnectionId, outcome: Revocation) -> Result<(), VaultError> {
        let event = (Event::Revoked { outcome: outcome.word() }, self.now());
        self.vault.remove_connection(id, event).await?;
        self.unsaved.forget(id);
        held.turn.end();
        Ok(())
    }

    /// The refresh token first: with it a provider ends the whole grant (RFC 7009 §2.1). One that takes a single kind of token gets that
    /// one alone.
    async fn tell(&self, held: &Held, record: ConnectionRecord) -> Result<(), ConnectionError> {
        let file = match self.same_service(&record) {
            Err(ConnectionError::Moved(_)) => return Err(ProxyError::NoRevocation.into()),
            same => same.or_else(|_| self.file(&record.provider)).map_err(|_| ProxyError::UnknownProvider)?,
        };
        let oauth = file.oauth().ok_or(ProxyError::NoRevocation)?;
        let takes = |kind| oauth.revocation.as_ref().is_none_or(|revocation| revocation.takes(kind));
        let record = match takes(TokenTypeHint::RefreshToken) {
            true => record,
            false => match self.with_living_token(held, record, oauth).await? {
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
        held: &Held,
        record: ConnectionRecord,
        oauth: &OAuth,
    ) -> Result<Option<ConnectionRecord>, ConnectionError> {
        let spendable = record.tokens.refresh_token.as_ref().filter(|_| oauth.token.refresh);
        let lives = record.tokens.expires_at.is_some_and(|end| end.duration_since(self.now()) > ON_ITS_WAY);
        let Some(token) = spendable.filter(|_| !lives) else { return Ok(Some(record)) };
        let attempt = self.attempt(&record, false);
        match self.send(held, &record, oauth, (token, &attempt)).await {
            Ok(renewal) => self.publish(held, &record, renewal).await.map(Some),
            Err(Unsent::Failed(error)) if error.class() == FailureClass::Definite => Ok(None),
            Err(Unsent::Failed(error)) => Err(error.into()),
            Err(Unsent::Unsaved(error)) => Err(error.into()),
        }
    }
}
