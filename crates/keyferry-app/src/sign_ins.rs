//! Sign-ins on their own: for a new account, or to renew one that servers use already. One that an install makes is the install's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use keyferry_core::{id::ConnectionId, url::AuthorizationUrl};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    api::dto::Problem,
    connections::{ConnectionError, SignIn, SignInRequest},
    engine::Engine,
    events::{self, Change},
    ticket::Ticket,
};

/// Sign-ins kept at once, those over included.
const MOST: usize = 64;

/// How long a sign-in that is over can still be asked about.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// Where a sign-in stands. The authorization URL holds `state`, so it lives no longer than the wait for the person.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// The person is to look at this page.
    Waiting(AuthorizationUrl),
    /// The connection is in the vault.
    Done(ConnectionId),
    /// There is none, and this is why.
    Failed(Problem),
}

/// All sign-ins this app knows of.
#[derive(Debug, Default)]
pub(crate) struct SignIns(Mutex<HashMap<Ticket, Entry>>);

#[derive(Debug)]
struct Entry {
    standing: watch::Receiver<Standing>,
    cancel: CancellationToken,
    begun: Instant,
}

/// Begins a sign-in, and answers with what it is asked about by. It ends with the person's answer, after ten minutes, or when it is
/// cancelled.
pub(crate) async fn begin(
    engine: &Arc<Engine>,
    request: SignInRequest<'_>,
    open_browser: bool,
) -> Result<(Ticket, watch::Receiver<Standing>), ConnectionError> {
    let sign_in = engine.connections.begin_sign_in(request).await?;
    let (ticket, cancel) = (Ticket::from_entropy(engine.entropy.bytes()), CancellationToken::new());
    let (teller, standing) = watch::channel(Standing::Waiting(sign_in.url().clone()));
    engine.sign_ins.admit(ticket, standing.clone(), cancel.clone())?;
    engine.tasks.spawn(events::tell_while(engine.clone(), Change::SignIn(ticket), standing.clone()));
    if open_browser && engine.settings.open_browser {
        engine.opener.open_beside(sign_in.url());
    }
    let ending = engine.ending.clone();
    engine.tasks.spawn(async move {
        let outcome = tokio::select! {
            outcome = end(sign_in, cancel) => outcome,
            () = ending.cancelled() => Standing::Failed(Problem::from(&ConnectionError::Closing)),
        };
        teller.send_replace(outcome);
    });
    Ok((ticket, standing))
}

async fn end(sign_in: SignIn, cancel: CancellationToken) -> Standing {
    tokio::select! {
        outcome = sign_in.wait() => match outcome {
            Ok(connection) => Standing::Done(connection),
            Err(error) => Standing::Failed(Problem::from(&error)),
        },
        () = cancel.cancelled() => Standing::Failed(Problem::new("cancelled", "the sign-in was cancelled")),
    }
}

impl SignIns {
    fn admit(
        &self,
        ticket: Ticket,
        standing: watch::Receiver<Standing>,
        cancel: CancellationToken,
    ) -> Result<(), ConnectionError> {
        let mut entries = self.lock();
        entries.retain(|_, entry| !entry.is_over() || entry.begun.elapsed() < KEPT);
        if entries.len() >= MOST {
            let oldest =
                entries.iter().filter(|(_, entry)| entry.is_over()).min_by_key(|(_, entry)| entry.begun);
            let oldest = oldest.map(|(ticket, _)| *ticket).ok_or(ConnectionError::TooMany)?;
            entries.remove(&oldest);
        }
        entries.insert(ticket, Entry { standing, cancel, begun: Instant::now() });
        Ok(())
    }

    /// The standing of a sign-in, and of each change of it.
    pub(crate) fn watch(&self, ticket: Ticket) -> Option<watch::Receiver<Standing>> {
        self.lock().get(&ticket).map(|entry| entry.standing.clone())
    }

    /// Ends a sign-in; a response that still comes finds nothing. One that is over is forgotten.
    pub(crate) fn cancel(&self, ticket: Ticket) -> Option<watch::Receiver<Standing>> {
        let mut entries = self.lock();
        let entry = entries.get(&ticket)?;
        entry.cancel.cancel();
        let standing = entry.standing.clone();
        if entry.is_over() {
            entries.remove(&ticket);
        }
        Some(standing)
    }

    /// A panic while the map was held leaves it whole: each change is one operation.
    fn lock(&self) -> MutexGuard<'_, HashMap<Ticket, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_over(&self) -> bool {
        self.standing.borrow().is_over()
    }
}

impl Standing {
    /// Whether nothing changes any more.
    pub(crate) fn is_over(&self) -> bool {
        !matches!(self, Self::Waiting(_))
    }
}
