//! Sign-ins on their own: for a new account, or to renew one that servers use already. One that an install makes is the install's.

mod windows;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use keyferry_core::{
    id::{ConnectionId, ProviderName},
    url::AuthorizationUrl,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use windows::{Needs, WindowState, Windows};

use crate::{
    api::dto::{Problem, WindowChoice},
    connections::{ConnectionError, SignIn, SignInRequest},
    engine::Engine,
    events::{self, Change},
    ticket::Ticket,
};

/// Sign-ins kept at once, those over included.
const MOST: usize = 64;

/// How long a sign-in that is over can still be asked about.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// A sign-in as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// Where one signs in.
    pub(crate) provider: ProviderName,
    /// The connection that gets the new grant; none for a new one.
    pub(crate) renewed: Option<ConnectionId>,
    /// Where it stands.
    pub(crate) phase: Phase,
    /// What its window did, where it has one.
    pub(crate) window: Option<WindowState>,
    /// Grows with each change.
    pub(crate) revision: u64,
}

/// Where a sign-in stands. The authorization URL holds `state`, so it lives no longer than the wait for the person.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// The person is to look at this page.
    Waiting(AuthorizationUrl),
    /// The person signs in in a window.
    InWindow,
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

/// How the person is to sign in, where their own browser or a window opens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    /// Whether the system's browser is opened for OAuth.
    pub(crate) browser: bool,
    /// What the person said to a window.
    pub(crate) window: WindowChoice,
}

/// Begins a sign-in, and answers with what it is asked about by. It ends with the person's answer, after ten minutes, or when it is
/// cancelled.
pub(crate) async fn begin(
    engine: &Arc<Engine>,
    request: SignInRequest<'_>,
    opening: Opening,
) -> Result<(Ticket, watch::Receiver<Standing>), ConnectionError> {
    let about = (request.provider.clone(), request.renewed.clone());
    let in_window = engine.providers.get(request.provider).is_some_and(|file| file.browser().is_some());
    if in_window {
        let sign_in = engine.windows.prepare(request, opening.window).await?;
        let window = engine.windows.open(sign_in, opening.window)?;
        let (ticket, entry) = admit(engine, about, Phase::InWindow, Some(window.state().borrow().clone()))?;
        let Admitted { teller, cancel, standing } = entry;
        engine.tasks.spawn(async move {
            let heard =
                |state: &WindowState| change(&teller, |standing| standing.window = Some(state.clone()));
            let outcome = tokio::select! {
                outcome = window.wait(heard) => outcome.map_or_else(failed, Phase::Done),
                () = cancel.cancelled() => cancelled(),
            };
            change(&teller, |standing| standing.phase = outcome);
        });
        return Ok((ticket, standing));
    }
    let sign_in = engine.connections.begin_sign_in(request).await?;
    let (ticket, entry) = admit(engine, about, Phase::Waiting(sign_in.url().clone()), None)?;
    let Admitted { teller, cancel, standing } = entry;
    if opening.browser && engine.settings.open_browser {
        engine.opener.open_beside(sign_in.url());
    }
    let ending = engine.ending.clone();
    engine.tasks.spawn(async move {
        let outcome = tokio::select! {
            outcome = end(sign_in, cancel) => outcome,
            () = ending.cancelled() => failed(ConnectionError::Closing),
        };
        change(&teller, |standing| standing.phase = outcome);
    });
    Ok((ticket, standing))
}

/// A sign-in that is known by its ticket now.
struct Admitted {
    teller: watch::Sender<Standing>,
    cancel: CancellationToken,
    standing: watch::Receiver<Standing>,
}

fn admit(
    engine: &Arc<Engine>,
    (provider, renewed): (ProviderName, Option<ConnectionId>),
    phase: Phase,
    window: Option<WindowState>,
) -> Result<(Ticket, Admitted), ConnectionError> {
    let (ticket, cancel) = (Ticket::from_entropy(engine.entropy.bytes()), CancellationToken::new());
    let (teller, standing) = watch::channel(Standing { provider, renewed, phase, window, revision: 1 });
    engine.sign_ins.admit(ticket, standing.clone(), cancel.clone())?;
    engine.tasks.spawn(events::tell_while(Arc::clone(engine), Change::SignIn(ticket), standing.clone()));
    Ok((ticket, Admitted { teller, cancel, standing }))
}

fn change(teller: &watch::Sender<Standing>, change: impl FnOnce(&mut Standing)) {
    teller.send_modify(|standing| {
        change(standing);
        standing.revision += 1;
    });
}

fn failed(error: ConnectionError) -> Phase {
    Phase::Failed(Problem::from(&error))
}

fn cancelled() -> Phase {
    Phase::Failed(Problem::new("cancelled", "the sign-in was cancelled"))
}

async fn end(sign_in: SignIn, cancel: CancellationToken) -> Phase {
    tokio::select! {
        outcome = sign_in.wait() => outcome.map_or_else(failed, Phase::Done),
        () = cancel.cancelled() => cancelled(),
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
        matches!(self.phase, Phase::Done(_) | Phase::Failed(_))
    }
}
