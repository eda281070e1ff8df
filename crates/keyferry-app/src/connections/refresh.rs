//! Spending a refresh token: one at a time for a connection, durable before anything uses what came back.
//!
//! Under the connection's turn: look at the journal and the vault anew, decide by the rule, reserve room and write down what is about to
//! be sent, send it, save what came back, and only then give it on. docs/architecture.md names each step and what a crash there leaves.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use keyferry_core::{
    flow::error::FailureClass,
    id::ConnectionId,
    idempotency_key::IdempotencyKey,
    provider::{OAuth, ProviderFile},
    refresh::{Fingerprint, Next, Wanted},
    secret::RefreshToken,
};

use super::{
    ConnectionError, Connections, Fresh, Inner, ProxyError,
    proxy::About,
    sign_in::{oauth, token_endpoint},
    standing::{failure, refreshes},
    turns::Held,
    unsaved::{Renewal, Settled},
};
use crate::{
    failpoint::failpoint,
    vault::{Attempt, ConnectionRecord, ConnectionState, Event, Expected, LastFailure, VaultError},
};

/// How long after it was replaced a refresh token is tried where the one that replaced it never worked. The longest grace of a provider
/// that we know of is ten minutes.
const GRACE: SignedDuration = SignedDuration::from_mins(10);

impl Connections {
    /// The connection with an access token that can be used now, refreshed first where that is due.
    ///
    /// # Errors
    /// [`ConnectionError`]. A failure that says nothing against the grant keeps the connection as it is; where the old token still lives,
    /// it is given.
    pub async fn fresh(&self, id: &ConnectionId) -> Result<Fresh, ConnectionError> {
        let record = self.get(id).await?;
        record.usable()?;
        let waits = self.0.unsaved.holds(id);
        match self.0.next(&record, waits, Wanted::Use) {
            Next::SignIn | Next::Revoke => return Err(ConnectionError::NeedsSignIn((&record).into())),
            _ if waits => {}
            Next::Refresh => {}
            Next::Rest(due) => return Ok(Fresh { connection: record, due }),
            Next::Wait(_) if self.0.is_alive(&record) => return Ok(Fresh::to_be_looked_at(record)),
            Next::Wait(until) => return Err(paused(&record, until)),
        }
        match self.0.spend(id, Wanted::Use).await {
            Ok(connection) => Ok(Fresh::to_be_looked_at(connection)),
            Err(error) if is_harmless(&error) && self.0.is_alive(&record) => {
                tracing::warn!(connection = %id, %error, "a refresh failed; the token still lives");
                Ok(Fresh::to_be_looked_at(record))
            }
            Err(error) => Err(error),
        }
    }

    /// Gets another access token, whether this one is good or not.
    ///
    /// # Errors
    /// [`ConnectionError`].
    pub async fn refresh(&self, id: &ConnectionId) -> Result<ConnectionRecord, ConnectionError> {
        self.0.spend(id, Wanted::Another).await
    }
}

/// Whether the provider did not say that the grant is dead, and nothing of it was spent or lost here.
fn is_harmless(error: &ConnectionError) -> bool {
    match error {
        ConnectionError::Proxy(error) => error.class() != FailureClass::Definite,
        ConnectionError::Paused { .. } | ConnectionError::Vault(VaultError::Busy) => true,
        _ => false,
    }
}

impl ConnectionRecord {
    /// Refuses a connection whose tokens are nobody's to use any more.
    fn usable(&self) -> Result<(), ConnectionError> {
        match self.state {
            ConnectionState::Active => Ok(()),
            ConnectionState::NeedsSignIn => Err(ConnectionError::NeedsSignIn(self.into())),
            ConnectionState::RevocationPending => Err(ConnectionError::Ending(self.into())),
        }
    }
}

fn paused(record: &ConnectionRecord, until: Timestamp) -> ConnectionError {
    let code = record.failure.as_ref().map_or("provider_rests", |last| &last.code).to_owned();
    ConnectionError::Paused { provider: record.provider.clone(), until, code }
}

impl Inner {
    /// Refreshes under the connection's turn, in a task of its own: a caller that goes away must not cut off the save of a rotated token.
    pub(super) async fn spend(
        self: &Arc<Self>,
        id: &ConnectionId,
        wanted: Wanted,
    ) -> Result<ConnectionRecord, ConnectionError> {
        let (inner, id) = (self.clone(), id.clone());
        let spent = self.tasks.spawn(async move {
            failpoint("K0");
            let asked_at = inner.vault.connection(&id).await?.map(|record| record.generation);
            let held = inner.turn(&id).await?;
            let settled = inner.settle(&held, &id).await?;
            // Whoever waited looks again: another may have refreshed meanwhile.
            let changed = asked_at != Some(settled.record.generation);
            let wanted = if changed { Wanted::Use } else { wanted };
            let done = inner.decide(&held, settled, wanted).await;
            drop(held);
            inner.news.tell(&id);
            failpoint("K9");
            done
        });
        spent.await.map_err(|_| ConnectionError::Closing)?
    }

    async fn decide(
        &self,
        held: &Held,
        settled: Settled,
        wanted: Wanted,
    ) -> Result<ConnectionRecord, ConnectionError> {
        let Settled { record, interrupted, unsaved } = settled;
        record.usable()?;
        match (self.next(&record, interrupted.is_some(), wanted), unsaved) {
            // Its newest tokens are in the journal alone: good to use, and nothing to spend before the database has them.
            (Next::Rest(_), _) => Ok(record),
            (Next::Refresh | Next::Wait(_), Some(error)) => Err(error.into()),
            (Next::Refresh, None) => self.spend_now(held, record, interrupted).await,
            (Next::Wait(until), None) => Err(paused(&record, until)),
            (Next::SignIn, _) if self.is_alive(&record) => {
                Err(ConnectionError::NotRefreshable((&record).into()))
            }
            (Next::SignIn | Next::Revoke, _) => Err(ConnectionError::NeedsSignIn((&record).into())),
        }
    }

    fn is_alive(&self, record: &ConnectionRecord) -> bool {
        self.standing(record, false).is_alive(self.now())
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
            Err(ConnectionError::Moved(record.into()))
        }
    }

    async fn spend_now(
        &self,
        held: &Held,
        record: ConnectionRecord,
        interrupted: Option<Attempt>,
    ) -> Result<ConnectionRecord, ConnectionError> {
        let file = self.same_service(&record)?;
        let Some(token) = record.tokens.refresh_token.clone().filter(|_| refreshes(&file)) else {
            return Err(ConnectionError::NotRefreshable((&record).into()));
        };
        let oauth = oauth(&file)?;
        // Asked again with the same key, the proxy gives the reply that was lost on the way, as long as it has it.
        let attempt = interrupted.unwrap_or_else(|| self.attempt(&record, false));
        let sent = self.send(held, &record, oauth, (&token, &attempt)).await;
        let sent = match sent {
            Err(Unsent::Failed(error)) if error.class() == FailureClass::Definite => {
                self.send_previous(held, &record, oauth, error).await
            }
            sent => sent,
        };
        match sent {
            Ok(renewal) => self.publish(held, &record, renewal).await,
            Err(Unsent::Unsaved(error)) => Err(error.into()),
            Err(Unsent::Failed(error)) if error.class() == FailureClass::Definite => {
                self.refused(held, &record, &token, error).await
            }
            Err(Unsent::Failed(error)) => self.failed(held, &record, error).await,
        }
    }

    pub(super) fn attempt(&self, record: &ConnectionRecord, of_previous: bool) -> Attempt {
        Attempt {
            generation: record.generation,
            current: record.tokens.refresh_token.as_ref().map(Fingerprint::of),
            of_previous,
            key: IdempotencyKey::from_entropy(self.entropy.bytes()),
            at: self.now(),
        }
    }

    /// Reserves, then spends.
    pub(super) async fn send(
        &self,
        held: &Held,
        record: &ConnectionRecord,
        oauth: &OAuth,
        (token, attempt): (&RefreshToken, &Attempt),
    ) -> Result<Renewal, Unsent> {
        // A vault that can't be written now would lose what comes back. Then nothing is spent.
        let noted = self.vault.note_attempt(&record.id, record.generation, self.now()).await;
        noted.map_err(Unsent::Unsaved)?;
        held.turn.reserve(attempt, &record.tokens).await.map_err(Unsent::Unsaved)?;
        let about = About::new(&record.config, &record.tokens.metadata, &oauth.callback);
        let redirect_uri = record.redirect_uri.as_deref().filter(|_| oauth.token.refresh_redirect_uri);
        failpoint("K3");
        let reply = self.proxy.refresh(&record.provider, token, redirect_uri, about, &attempt.key).await;
        failpoint("K5");
        let reply = reply.map_err(Unsent::Failed)?;
        let received_at = self.now();
        let mut before = record.tokens.clone();
        // What stays in force, where the reply brings no other, is the token that was sent.
        before.refresh_token = Some(token.clone());
        Ok(Renewal {
            replaces: Fingerprint::of(record.tokens.refresh_token.as_ref().unwrap_or(token)),
            tokens: before.renewed(reply, received_at),
            received_at,
            durable: false,
        })
    }

    /// A token that was refused although it never worked: the provider may still take the one before it.
    async fn send_previous(
        &self,
        held: &Held,
        record: &ConnectionRecord,
        oauth: &OAuth,
        refusal: ProxyError,
    ) -> Result<Renewal, Unsent> {
        let previous = record.previous.as_ref().filter(|previous| {
            let age = self.now().duration_since(previous.replaced_at);
            age >= SignedDuration::ZERO && age < GRACE
        });
        let Some(previous) = previous else { return Err(Unsent::Failed(refusal)) };
        let token = &previous.refresh_token;
        let sent = self.send(held, record, oauth, (token, &self.attempt(record, true))).await;
        sent.map_err(|_| Unsent::Failed(refusal))
    }

    /// Persists, then publishes.
    pub(super) async fn publish(
        &self,
        held: &Held,
        record: &ConnectionRecord,
        renewal: Renewal,
    ) -> Result<ConnectionRecord, ConnectionError> {
        self.rests.answered(&record.provider);
        self.unsaved.keep(&record.id, renewal.clone());
        let error = match self.save(held, &record.id, &renewal, Event::Refreshed).await {
            Ok(renewed) => {
                tracing::info!(connection = %renewed.id, provider = %renewed.provider, "refreshed");
                return Ok(renewed);
            }
            Err(VaultError::Changed) => return Err(VaultError::Changed.into()),
            Err(error) => error,
        };
        let kept =
            held.turn.keep_reply(record.generation, &renewal.tokens, renewal.received_at).await.is_ok();
        self.unsaved.keep(&record.id, Renewal { durable: kept, ..renewal });
        // Looked at anew, so that whoever asked gets what the journal has.
        match self.settle(held, &record.id).await? {
            Settled { record, .. } if kept => Ok(record),
            _ => Err(error.into()),
        }
    }

    /// The provider no longer honours the grant. Nothing is deleted; and if somebody has saved newer tokens, nothing is marked.
    async fn refused(
        &self,
        held: &Held,
        record: &ConnectionRecord,
        token: &RefreshToken,
        error: ProxyError,
    ) -> Result<ConnectionRecord, ConnectionError> {
        self.rests.answered(&record.provider);
        let failed = self.last_failure(record, &error);
        let event = Event::SignInNeeded { code: failed.code.clone() };
        let expected = Expected::RefreshToken(Fingerprint::of(token));
        let at = failed.failure.at;
        let marked = self.vault.change_connection(&record.id, expected, (Some(event), at), move |record| {
            ConnectionRecord { state: ConnectionState::NeedsSignIn, failure: Some(failed), ..record }
        });
        match marked.await {
            Ok(_) => held.turn.clear().await,
            Err(VaultError::Changed) => return self.get(&record.id).await,
            Err(error) => return Err(error.into()),
        }
        let provider = &record.provider;
        tracing::warn!(connection = %record.id, %provider, "the provider no longer honours this grant");
        Err(ConnectionError::NeedsSignIn(record.into()))
    }

    /// A failure that says nothing of the grant. Where the token may have been spent, the journal stays: it is asked for again soon, with
    /// the same key.
    async fn failed(
        &self,
        held: &Held,
        record: &ConnectionRecord,
        error: ProxyError,
    ) -> Result<ConnectionRecord, ConnectionError> {
        if error.class() == FailureClass::Passing {
            self.rests.failed(&record.provider, error.retry_after(), self.now());
        }
        if !error.may_have_been_spent() {
            held.turn.clear().await;
        }
        let failed = self.last_failure(record, &error);
        // One line for a row of failures: a provider that is down for a week fills no log.
        let event = (failed.failure.count == 1).then(|| Event::RefreshFailed { code: failed.code.clone() });
        if let Err(unsaved) = self.vault.note_failure(record, &failed, event).await {
            tracing::warn!(connection = %record.id, error = %unsaved, "a failed refresh could not be noted");
        }
        Err(error.into())
    }

    fn last_failure(&self, record: &ConnectionRecord, error: &ProxyError) -> LastFailure {
        let before = record.failure.as_ref().map(|last| &last.failure);
        let failure = failure(before, error.class(), error.retry_after(), self.now());
        LastFailure { failure, code: error.cause().to_owned() }
    }

    async fn get(&self, id: &ConnectionId) -> Result<ConnectionRecord, ConnectionError> {
        self.vault.connection(id).await?.ok_or_else(|| ConnectionError::Unknown(id.clone()))
    }
}

/// Why there are no new tokens.
pub(super) enum Unsent {
    /// What would come back could not be kept, so nothing was sent.
    Unsaved(VaultError),
    /// It was sent, or could not be.
    Failed(ProxyError),
}
