//! The app that a command talks to: the running one, or one of its own.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use keyferry_app::{
    App, boot,
    clients::{self, ClientName},
    home::{ApiToken, Running, find_running},
};
use tokio::sync::Mutex;

use crate::{
    cli::Global,
    client::Api,
    error::{CliError, CliResult},
    parts,
};

/// How long a command waits for another that is at work on the same data folder without an app, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(15);
const BETWEEN: Duration = Duration::from_millis(50);

/// Runs a command's work against the app, and ends an app of its own afterwards, whatever came of the work.
pub(crate) async fn with_api<T>(
    global: &Global,
    work: impl AsyncFnOnce(&Api) -> CliResult<T>,
) -> CliResult<T> {
    with_api_or_undo(global, work, async |_| {}).await
}

/// The same, for work that goes on in the app when its command ends: `undo` runs when the person ends the program before the work is done.
pub(crate) async fn with_api_or_undo<T>(
    global: &Global,
    work: impl AsyncFnOnce(&Api) -> CliResult<T>,
    undo: impl AsyncFnOnce(&Api),
) -> CliResult<T> {
    let api = Api::of(Host::new(global)).await?;
    let outcome = match or_interrupted(work(&api)).await {
        Some(outcome) => outcome,
        None => {
            undo(&api).await;
            Err(CliError::failed("interrupted", "interrupted"))
        }
    };
    api.close().await;
    outcome
}

/// What comes of the work, unless the person ends the program first.
async fn or_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        outcome = work => Some(outcome),
        () = crate::signals::Ending::listen().asked() => None,
    }
}

/// Where an app is found, or booted when there is none.
pub(crate) struct Host {
    global: Global,
    /// Whether an app that is booted here is for this command alone.
    alone: bool,
    own: Mutex<Option<App>>,
}

impl Host {
    fn new(global: &Global) -> Self {
        Self { global: global.clone(), alone: true, own: Mutex::default() }
    }

    /// A host whose own app, if it comes to that, is there for other commands too.
    pub(crate) fn shared(global: &Global) -> Self {
        Self { alone: false, ..Self::new(global) }
    }

    /// A host whose app is there already.
    pub(crate) fn of_app(global: &Global, app: App) -> Self {
        Self { global: global.clone(), alone: true, own: Mutex::new(Some(app)) }
    }

    /// The app to talk to. Of two commands at once without a running app, the second waits for the first.
    pub(crate) async fn find(&self) -> CliResult<Running> {
        let mut own = self.own.lock().await;
        if let Some(app) = own.as_ref() {
            return Ok(running(app));
        }
        let settings = parts::settings(&self.global, None)?;
        let begun = Instant::now();
        loop {
            let busy = match find_running(&settings.data_folder) {
                Ok(Some(running)) => return Ok(running),
                Ok(None) => match boot(settings.clone(), parts::parts(self.alone)?).await {
                    Ok(app) => return Ok(running(own.insert(app))),
                    Err(error) if error.code() == "already_running" => CliError::from(error),
                    Err(error) => return Err(error.into()),
                },
                Err(error) if error.code() == "already_running" => CliError::from(error),
                Err(error) => return Err(error.into()),
            };
            if begun.elapsed() > PATIENCE {
                return Err(busy.hint("another command is at work on this data folder: wait for it, or keep `keyferry app` running, which all can use"));
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }

    /// The app that runs, if one does. None is booted.
    pub(crate) async fn running(&self) -> Option<Running> {
        if let Some(app) = self.own.lock().await.as_ref() {
            return Some(running(app));
        }
        let settings = parts::settings(&self.global, None).ok()?;
        find_running(&settings.data_folder).ok().flatten()
    }

    /// The token of a client of its own.
    pub(crate) fn token_of(&self, client: ClientName) -> CliResult<ApiToken> {
        let settings = parts::settings(&self.global, None)?;
        clients::read_token(&settings.data_folder, client).map_err(|error| {
            CliError::failed("no_client_token", format!("{client} has no token here: {error}"))
                .hint(format!("connect it: keyferry connect {client}"))
        })
    }

    pub(crate) async fn has_own(&self) -> bool {
        self.own.lock().await.is_some()
    }

    pub(crate) async fn close(self) {
        if let Some(app) = self.own.into_inner() {
            app.shutdown().await;
        }
    }
}

fn running(app: &App) -> Running {
    Running {
        address: app.address(),
        token: app.api_token().clone(),
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
