//! The app that a command talks to: the running one, or one of its own.

use std::{future::Future, time::Duration};

use keyferry_app::{App, boot, home::find_running};

use crate::{
    cli::Global,
    client::Api,
    error::{CliError, CliResult},
    parts,
};

/// How often a folder that another command is just leaving is tried again, and how long in between.
const TRIES: u32 = 40;
const BETWEEN: Duration = Duration::from_millis(100);

/// Runs a command's work against the app, and ends an app of its own afterwards, whatever came of the work.
pub(crate) async fn with_api<T, F: Future<Output = CliResult<T>>>(
    global: &Global,
    work: impl FnOnce(Session) -> F,
) -> CliResult<T> {
    let (session, own) = open(global).await?;
    let outcome = tokio::select! {
        outcome = work(session) => outcome,
        () = crate::signals::asked_to_end() => Err(CliError::failed("interrupted", "interrupted")),
    };
    if let Some(app) = own {
        app.shutdown().await;
    }
    outcome
}

/// An app to talk to.
pub(crate) struct Session {
    pub(crate) api: Api,
    /// Whether the app ends with the command.
    pub(crate) alone: bool,
}

/// Finds the running app, or boots one. Two commands at once: the second finds the first's, or waits until it has gone.
async fn open(global: &Global) -> CliResult<(Session, Option<App>)> {
    let settings = parts::settings(global, None)?;
    let mut tries = 0;
    loop {
        match find_running(&settings.data_folder) {
            Ok(Some(running)) => {
                let api = Api::new(running.address, running.token)?;
                return Ok((Session { api, alone: false }, None));
            }
            Ok(None) => match boot(settings.clone(), parts::parts(true)?).await {
                Ok(app) => {
                    let api = Api::new(app.address(), app.api_token().clone())?;
                    return Ok((Session { api, alone: true }, Some(app)));
                }
                Err(error) if error.code() == "already_running" && tries < TRIES => {}
                Err(error) => return Err(error.into()),
            },
            Err(error) if error.code() == "already_running" && tries < TRIES => {}
            Err(error) => return Err(error.into()),
        }
        tries += 1;
        tokio::time::sleep(BETWEEN).await;
    }
}
