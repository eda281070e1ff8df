//! The story of one install, and its undoing.

use std::sync::Arc;

use keyferry_core::id::ServerName;
use tokio_util::sync::CancellationToken;

use super::{InstallError, connect, launch, plan::Plan, progress::Progress, uninstall};
use crate::{
    api::dto::{Problem, StepName},
    engine::Engine,
    runtime::Mount,
};

/// Runs an install to its end, or until it is cancelled.
pub(super) async fn run(engine: Arc<Engine>, plan: Plan, progress: Progress, cancel: CancellationToken) {
    let server = plan.server.clone();
    let mut begun = false;
    let outcome = tokio::select! {
        outcome = story(&engine, plan, &progress, &mut begun) => outcome,
        () = cancel.cancelled() => Err(InstallError::Cancelled),
    };
    match outcome {
        Ok(tools) => {
            tracing::info!(%server, tools = tools.len(), "installed");
            progress.finish(tools);
        }
        Err(error) => {
            tracing::warn!(%server, %error, "an install ended without a server");
            if begun {
                undo(&engine, &server).await;
            }
            progress.fail(shown(error));
        }
    }
}

/// What an install does. `begun` becomes true before the first trace that has to be undone. The server is kept only once it has
/// answered: an app that is killed on the way leaves no half of it.
async fn story(
    engine: &Engine,
    plan: Plan,
    progress: &Progress,
    begun: &mut bool,
) -> Result<Vec<String>, InstallError> {
    let connection = connect::connection(engine, &plan, progress).await?;
    let server = plan.server.clone();
    progress.begin(StepName::Delivery, "Preparing what the server gets");
    let _turn = engine.turns.of(&server).await;
    *begun = true;
    let record = plan.into_record(connection, engine.clock.now());
    let ready = launch::ready(engine, &record).await?;
    progress.note(told(&ready.delivered, &ready.shared) + &shown_paths(ready.mounts()));
    if ready.image().is_some() {
        progress.begin(StepName::Image, "Looking for the container's image");
        launch::image(engine, &ready, &|line| progress.note(line)).await?;
        progress.note("The container's image is there");
    }
    progress.begin(StepName::Start, format!("Starting {server}"));
    let status = launch::start(engine, ready).await?;
    progress.note(match (&status.container, status.pid) {
        (Some(container), _) => format!("{server} runs in container {container}"),
        (None, Some(pid)) => format!("{server} runs as process {pid}"),
        (None, None) => format!("{server} runs"),
    });
    progress.begin(StepName::Tools, "Asking for its tools");
    let tools = engine.servers.tools(&server).await?;
    engine.vault.save_server(&record).await?;
    let names: Vec<_> = tools.into_iter().map(|tool| tool.name.into_owned()).collect();
    progress.note(match names.len() {
        1 => "It offers 1 tool".to_owned(),
        count => format!("It offers {count} tools"),
    });
    Ok(names)
}

/// What the person is told. The log of a server goes with its failed install, so nobody is sent there.
fn shown(error: InstallError) -> Problem {
    match error {
        InstallError::Runtime(error) if error.is_told_in_its_log() => {
            let hint = "check its settings and its command; run by hand, the command may say more";
            Problem::new(error.code(), error.to_string()).with_hint(hint)
        }
        other => other.into(),
    }
}

fn told(delivered: &[String], shared: &[String]) -> String {
    let gets = match delivered {
        [] => return "The server gets its settings".to_owned(),
        variables => format!("The server gets {} from the connection", variables.join(", ")),
    };
    match shared {
        [] => gets,
        variables => format!(
            "{gets}. The refresh token is in {}, for the provider file asks for it: the server can renew its access by itself, and a service that allows one owner may end the access when it does",
            variables.join(", ")
        ),
    }
}

/// What of this machine a container is shown.
fn shown_paths(mounts: &[Mount]) -> String {
    if mounts.is_empty() {
        return String::new();
    }
    let paths = mounts.iter().map(|mount| {
        let may = if mount.writable { "to change" } else { "to read" };
        format!("{} ({may})", mount.source.display())
    });
    format!(". It is shown {}", paths.collect::<Vec<_>>().join(", "))
}

/// Takes back what a failed install had made. The connection stays: the person has allowed it, and the next try uses it.
async fn undo(engine: &Engine, server: &ServerName) {
    if let Err(error) = uninstall::remove_traces(engine, server).await {
        tracing::error!(%server, %error, "a failed install could not be undone; uninstall it");
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn the_person_is_told_what_the_server_gets_and_that_a_refresh_token_is_among_it() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(told(&[], &[]), "The server gets its settings");
        let usual = told(&names(&["A", "B"]), &[]);
        assert_eq!(usual, "The server gets A, B from the connection");
        let shared = told(&names(&["A", "B"]), &names(&["B"]));
        assert!(shared.starts_with(&usual) && shared.contains("The refresh token is in B"), "{shared}");
    }
}
