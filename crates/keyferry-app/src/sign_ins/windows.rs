//! Sign-ins in a window: the profile, the window, the tokens, and that nothing is left of it, whoever goes away meanwhile.

use std::sync::Arc;

use keyferry_core::{
    id::{ConnectionId, FactName, ProviderName},
    provider::Browser,
};
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api::dto::{RefusedPlace, SignInWindow, WindowChoice},
    browser::{Attempt, Browsers, Profile, Profiles, Progress, Refused, RefusedPart, attempt, told},
    connections::{ConnectionError, Connections, SignInRequest, WindowSignIn},
    entropy::Entropy,
    ticket::Ticket,
};

/// Windows that are open at once. Each is a whole browser.
const MOST_WINDOWS: usize = 4;

/// What opens windows for sign-ins.
#[derive(Clone)]
pub(crate) struct Windows {
    browsers: Arc<dyn Browsers>,
    profiles: Profiles,
    connections: Connections,
    entropy: Entropy,
    places: Arc<Semaphore>,
    /// What is under way here goes on until its browser has ended and its profile is gone.
    tasks: TaskTracker,
    /// Cancelled when the app begins to end.
    ending: CancellationToken,
}

/// What windows need.
pub(crate) struct Needs {
    pub(crate) browsers: Arc<dyn Browsers>,
    pub(crate) profiles: Profiles,
    pub(crate) connections: Connections,
    pub(crate) entropy: Entropy,
    pub(crate) tasks: TaskTracker,
    pub(crate) ending: CancellationToken,
}

/// A window as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WindowState {
    /// Where it may not go, in the order in which it tried.
    pub(crate) refused: Vec<Refused>,
    /// What the page of the tokens does not hold yet.
    pub(crate) missing: Vec<FactName>,
}

/// A sign-in in a window under way. Dropped, it is cancelled.
pub(crate) struct OpenWindow {
    state: watch::Receiver<WindowState>,
    outcome: tokio::task::JoinHandle<Result<ConnectionId, ConnectionError>>,
    _cancel: tokio_util::sync::DropGuard,
}

/// Whether the person stays signed in in the profile; none leaves it as it is.
type Keep = Option<bool>;

impl Windows {
    pub(crate) fn new(needs: Needs) -> Self {
        let Needs { browsers, profiles, connections, entropy, tasks, ending } = needs;
        let places = Arc::new(Semaphore::new(MOST_WINDOWS));
        Self { browsers, profiles, connections, entropy, places, tasks, ending }
    }

    /// The profiles that are kept.
    pub(crate) fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Whether the next window of an account knows its person still.
    pub(crate) fn stays_signed_in(&self, provider: &ProviderName, connection: &ConnectionId) -> bool {
        self.profiles.has(provider, connection)
    }

    /// Checks a sign-in, and that the person knows what it does. Nothing is opened.
    pub(crate) async fn prepare(
        &self,
        request: SignInRequest<'_>,
        choice: WindowChoice,
    ) -> Result<WindowSignIn, ConnectionError> {
        let sign_in = self.connections.prepare_window(request).await?;
        // Whoever signs in again is told again: the file may read more than it did, and a profile that was kept leaves no time to look.
        if !choice.agreed {
            let kept = self.stays_signed_in(&sign_in.file.name, &sign_in.connection);
            return Err(ConnectionError::NotAgreed(told(&sign_in.file, kept)));
        }
        Ok(sign_in)
    }

    /// Opens the window.
    pub(crate) fn open(
        &self,
        sign_in: WindowSignIn,
        choice: WindowChoice,
    ) -> Result<OpenWindow, ConnectionError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| ConnectionError::TooMany)?;
        let (teller, state) = watch::channel(WindowState::default());
        let cancel = self.ending.child_token();
        let (windows, cancelled) = (self.clone(), cancel.clone());
        let outcome = self.tasks.spawn(async move {
            let outcome = windows.run(sign_in, choice.keep_signed_in, Teller(teller), cancelled).await;
            drop(place);
            outcome
        });
        Ok(OpenWindow { state, outcome, _cancel: cancel.drop_guard() })
    }

    async fn run(
        self,
        sign_in: WindowSignIn,
        keep: Keep,
        teller: Teller,
        cancelled: CancellationToken,
    ) -> Result<ConnectionId, ConnectionError> {
        let (provider, connection) = (sign_in.file.name.clone(), sign_in.connection.clone());
        let rules = sign_in.file.browser().cloned().map(Arc::new);
        let rules = rules.ok_or_else(|| ConnectionError::NotInWindow(provider.clone()))?;
        let profile = self.profile(&sign_in)?;
        tracing::info!(%provider, "a window for a sign-in is opened");
        let outcome = self.window(&rules, &profile, keep, &teller, cancelled).await;
        let outcome = match outcome {
            Ok(tokens) => self.connections.keep_window(sign_in, tokens).await,
            Err(error) => Err(error),
        };
        let succeeded = outcome.is_ok();
        let settled = tokio::task::spawn_blocking(move || {
            settle(&self.profiles, profile, keep, succeeded, (&provider, &connection))
        });
        if let Ok(Err(error)) = settled.await {
            tracing::error!(%error, "what a browser knows of a sign-in could not be kept or removed as asked");
        }
        outcome
    }

    fn profile(&self, sign_in: &WindowSignIn) -> Result<Profile, ConnectionError> {
        let kept = match sign_in.renews {
            true => self.profiles.of(&sign_in.file.name, &sign_in.connection),
            false => Ok(None),
        };
        let made = match kept {
            Ok(Some(kept)) => Ok(kept),
            Ok(None) => self.profiles.once(&Ticket::from_entropy(self.entropy.bytes()).to_string()),
            Err(error) => Err(error),
        };
        made.map_err(|error| Attempt::from(error).into())
    }

    async fn window(
        &self,
        rules: &Arc<Browser>,
        profile: &Profile,
        keep: Keep,
        teller: &Teller,
        cancelled: CancellationToken,
    ) -> Result<keyferry_core::flow::Tokens, ConnectionError> {
        let passing = !keep.unwrap_or(profile.is_kept());
        let place = (profile.path(), passing);
        match attempt(&*self.browsers, rules, place, teller, &cancelled).await {
            Err(Attempt::Cancelled) => Err(ConnectionError::Closing),
            outcome => Ok(outcome?),
        }
    }
}

/// What becomes of the profile: it stays where the person said so, and only after a sign-in that worked.
fn settle(
    profiles: &Profiles,
    profile: Profile,
    keep: Keep,
    succeeded: bool,
    (provider, connection): (&ProviderName, &ConnectionId),
) -> std::io::Result<()> {
    match keep {
        Some(true) if succeeded => profiles.keep(profile, provider, connection),
        Some(false) => {
            drop(profile);
            profiles.forget(provider, connection)
        }
        _ => {
            drop(profile);
            Ok(())
        }
    }
}

impl OpenWindow {
    /// The window as it stands, and each change of it.
    pub(crate) fn state(&self) -> watch::Receiver<WindowState> {
        self.state.clone()
    }

    /// Waits until the tokens are saved, or there are none. The browser has ended then. `heard` gets each change.
    pub(crate) async fn wait(
        mut self,
        heard: impl Fn(&WindowState) + Send,
    ) -> Result<ConnectionId, ConnectionError> {
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.state.changed() => heard(&self.state.borrow_and_update()),
                outcome = &mut self.outcome => return outcome.unwrap_or(Err(ConnectionError::Closing)),
            }
        }
    }
}

/// Tells how a window does.
struct Teller(watch::Sender<WindowState>);

impl Progress for Teller {
    fn refused(&self, refused: &Refused) {
        tracing::warn!(host = %refused.refusal.host, reason = %refused.refusal.reason, "a window was kept from a place");
        self.0.send_modify(|state| state.refused.push(refused.clone()));
    }

    fn missing(&self, missing: &[FactName]) {
        self.0.send_modify(|state| state.missing = missing.to_vec());
    }
}

impl WindowState {
    /// The window as the local API tells it.
    pub(crate) fn shown(&self) -> SignInWindow {
        let place = |refused: &Refused| RefusedPlace {
            host: refused.refusal.host.clone(),
            reason: refused.refusal.reason.as_str().to_owned(),
            text: refused.refusal.reason.to_string(),
            part: match refused.part {
                RefusedPart::Page => "page",
                RefusedPart::Frame => "frame",
            }
            .to_owned(),
        };
        SignInWindow {
            refused: self.refused.iter().map(place).collect(),
            missing: self.missing.iter().map(ToString::to_string).collect(),
        }
    }
}

impl std::fmt::Debug for Windows {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Windows")
    }
}
