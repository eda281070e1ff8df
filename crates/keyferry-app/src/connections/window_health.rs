//! Whether a service still takes a session that was read in a window. Nobody tells of its end, so the service is asked, by the request
//! of `[account]` where the provider file has one.

use std::{sync::Arc, time::Duration};

use keyferry_core::{delivery::Values, flow::error::FailureClass, id::ConnectionId};
use tokio_util::sync::CancellationToken;

use super::{
    ConnectionError, Connections, Inner,
    account::{NoAnswer, ask},
    standing::failure,
};
use crate::vault::{
    ConnectionKind, ConnectionRecord, ConnectionState, Event, Expected, LastFailure, VaultError,
};

/// How often the sessions are looked after.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// What a service says to a session.
enum Answer {
    /// It takes it.
    Alive,
    /// It does not, for this reason.
    Dead(&'static str),
    /// Nothing that says either.
    Unknown,
}

impl Connections {
    /// Looks after all sessions now and then, until it is told to end.
    pub async fn keep_looking(&self, ending: CancellationToken) {
        let looking = async {
            loop {
                self.look_at_sessions().await;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = looking => {}
            () = ending.cancelled() => {}
        }
    }

    async fn look_at_sessions(&self) {
        let listed = match self.list().await {
            Ok(listed) => listed,
            Err(error) => return tracing::warn!(%error, "the sessions can't be looked after"),
        };
        let used = |record: &ConnectionRecord| {
            record.kind == ConnectionKind::Browser && record.state == ConnectionState::Active
        };
        for record in listed.readable.into_iter().filter(used) {
            let id = record.id.clone();
            if let Err(error) = self.0.look_after(record).await {
                tracing::info!(connection = %id, %error, hint = error.hint(), "a session was looked after");
            }
        }
    }
}

impl Inner {
    /// Asks whether a session still lives, and marks one that does not.
    ///
    /// # Errors
    /// [`ConnectionError::NeedsSignIn`] when it is over; [`ConnectionError::NotRefreshable`] when nobody can be asked.
    pub(super) async fn look_after(
        self: &Arc<Self>,
        record: ConnectionRecord,
    ) -> Result<ConnectionRecord, ConnectionError> {
        record.usable()?;
        match self.session(&record).await? {
            Answer::Alive => Ok(record),
            Answer::Unknown => Err(ConnectionError::NotRefreshable((&record).into())),
            Answer::Dead(code) => {
                let grant = (&record).into();
                self.session_ended(&record.id, record.generation, code).await?;
                Err(ConnectionError::NeedsSignIn(grant))
            }
        }
    }

    async fn session(&self, record: &ConnectionRecord) -> Result<Answer, ConnectionError> {
        if record.tokens.expires_at.is_some_and(|end| end <= self.now()) {
            return Ok(Answer::Dead("expired"));
        }
        let file = self.same_service(record)?;
        let Some(account) = &file.account else { return Ok(Answer::Unknown) };
        let values = Values {
            tokens: Some(&record.tokens),
            client_id: Some(&record.client_id),
            config: Some(&record.config),
            ..Values::default()
        };
        let Ok(Some(request)) = account.prepare(&values) else { return Ok(Answer::Unknown) };
        Ok(match ask(request).await {
            // Some services answer 200 to everybody, and leave out who it is.
            Ok(body) => match (&record.account, account.read(Some(&body), Some(&record.tokens)).label) {
                (Some(_), None) => Answer::Dead("account_unknown"),
                _ => Answer::Alive,
            },
            Err(NoAnswer::Status(401 | 403)) => Answer::Dead("session_refused"),
            // To a login page, most likely.
            Err(NoAnswer::Status(301..=303 | 307 | 308)) => Answer::Dead("session_redirected"),
            Err(error) => {
                tracing::debug!(connection = %record.id, %error, "it is not known whether a session lives");
                Answer::Unknown
            }
        })
    }

    /// Marks a session as over, unless another took its place meanwhile. Nothing is deleted.
    async fn session_ended(
        &self,
        id: &ConnectionId,
        generation: u64,
        code: &str,
    ) -> Result<(), ConnectionError> {
        let (at, code) = (self.now(), code.to_owned());
        let event = Event::SignInNeeded { code: code.clone() };
        let expected = Expected::Generation(generation);
        let marked = self.vault.change_connection(id, expected, (Some(event), at), move |record| {
            let before = record.failure.as_ref().map(|last| &last.failure);
            let failure = failure(before, FailureClass::Definite, None, at);
            let failed = LastFailure { failure, code };
            ConnectionRecord { state: ConnectionState::NeedsSignIn, failure: Some(failed), ..record }
        });
        match marked.await {
            Ok(_) | Err(VaultError::Changed) => {}
            Err(error) => return Err(error.into()),
        }
        self.news.tell(id);
        Ok(())
    }
}
