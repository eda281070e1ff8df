//! Installed servers in use: started, stopped and called, each with a token that is good.

use std::sync::Arc;

use keyferry_core::id::ServerName;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{InstallError, challenge::is_challenge, delivery::Freshness, launch};
use crate::{
    api::ApiError,
    engine::Engine,
    runtime::{CallToolResult, RuntimeError, Tool, mcp::Session},
    vault::ServerRecord,
};

/// Starts a server, and keeps it running from now on. One that runs with tokens of before is started anew.
pub(crate) async fn start(engine: &Engine, name: &ServerName) -> Result<(), ApiError> {
    engine.record(name).await?;
    engine.vault.set_server_wanted(name, true).await?;
    engine.backoff.forget(name);
    engine.renewals.forget(name);
    make_ready(engine, name).await
}

/// Stops a server until it is started again.
pub(crate) async fn stop(engine: &Engine, name: &ServerName) -> Result<(), ApiError> {
    engine.record(name).await?;
    engine.vault.set_server_wanted(name, false).await?;
    // Before the turn: a start under way has it, and is to be broken off.
    engine.servers.stop(name).await?;
    let _turn = engine.turns.of(name).await;
    engine.deliveries.forget(name);
    engine.servers.stop(name).await?;
    Ok(())
}

/// Stops a server and starts it anew, whether it runs or not.
pub(crate) async fn restart(engine: &Engine, name: &ServerName) -> Result<(), ApiError> {
    engine.record(name).await?;
    engine.vault.set_server_wanted(name, true).await?;
    {
        let _turn = engine.turns.of(name).await;
        engine.deliveries.forget(name);
        engine.servers.stop(name).await?;
    }
    make_ready(engine, name).await
}

/// The tools of a server that runs, or is meant to.
pub(crate) async fn tools(engine: &Engine, name: &ServerName) -> Result<Vec<Tool>, ApiError> {
    make_ready(engine, name).await?;
    match engine.servers.tools(name).await {
        Err(RuntimeError::NotRunning { .. }) => {
            make_ready(engine, name).await?;
            Ok(engine.servers.tools(name).await?)
        }
        listed => Ok(listed?),
    }
}

/// Calls a tool of a server that runs, or is meant to. Tokens that are about to end are renewed first.
///
/// A tool that may be called twice is, where the server says that its token is dead and another could be had.
pub(crate) async fn call(
    engine: &Engine,
    name: &ServerName,
    tool: &str,
    arguments: Map<String, Value>,
) -> Result<CallToolResult, ApiError> {
    let result = call_once(engine, name, tool, arguments.clone()).await?;
    match is_worth_another(engine, name, tool, &result).await {
        true => call_once(engine, name, tool, arguments).await,
        false => Ok(result),
    }
}

/// Whether a call is to be made once more: its tool may be called twice, and its server said that its token is dead, and has another
/// by now.
pub(crate) async fn is_worth_another(
    engine: &Engine,
    name: &ServerName,
    tool: &str,
    result: &CallToolResult,
) -> bool {
    engine.servers.may_repeat(name, tool) && is_challenge(result) && met(engine, name).await
}

/// A server that ends just between the look and the call has been sent nothing, so it is started and called once more.
async fn call_once(
    engine: &Engine,
    name: &ServerName,
    tool: &str,
    arguments: Map<String, Value>,
) -> Result<CallToolResult, ApiError> {
    make_ready(engine, name).await?;
    match engine.servers.call(name, tool, arguments.clone()).await {
        Err(RuntimeError::NotRunning { .. }) => {
            make_ready(engine, name).await?;
            Ok(engine.servers.call(name, tool, arguments).await?)
        }
        called => Ok(called?),
    }
}

/// Has a server that was turned away run with another token. Says whether it does.
async fn met(engine: &Engine, name: &ServerName) -> bool {
    let Ok(ServerRecord { connection: Some(connection), .. }) = engine.record(name).await else {
        return false;
    };
    let behind = async {
        let record = engine.record(name).await.ok()?;
        Some(readiness(engine, &record).await.ok()? != Readiness::Ready)
    };
    if behind.await == Some(false) {
        if !engine.challenges.take(&connection, Instant::now()) {
            return false;
        }
        tracing::info!(server = %name, %connection, "a server says that its token is dead; it gets another");
        if let Err(error) = engine.connections.refresh(&connection).await {
            tracing::warn!(server = %name, %error, "no other token could be had");
            return false;
        }
    }
    match renew(engine, name).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(server = %name, problem = error.message(), "the server could not be given another token");
            false
        }
    }
}

/// The session of a server that runs, or is meant to, for one request.
///
/// One that ends just between the look and the request has been sent nothing, so it is started once more.
pub(crate) async fn session(engine: &Engine, name: &ServerName) -> Result<Session, ApiError> {
    make_ready(engine, name).await?;
    match engine.servers.session(name) {
        Err(RuntimeError::NotRunning { .. }) => {
            make_ready(engine, name).await?;
            Ok(engine.servers.session(name)?)
        }
        session => Ok(session?),
    }
}

/// Starts the servers that should run, each on its own: one that hangs or fails keeps no other waiting.
pub(crate) async fn start_wanted(engine: Arc<Engine>) {
    let records = match engine.vault.servers().await {
        Ok(records) => records,
        Err(error) => return tracing::error!(%error, "the servers that should run are not known"),
    };
    for record in records {
        let record = match record {
            Ok(record) if record.wanted => record,
            Ok(_) => continue,
            Err(error) => {
                tracing::error!(%error, hint = error.hint(), "a server can't be read");
                continue;
            }
        };
        let engine = Arc::clone(&engine);
        let tasks = engine.tasks.clone();
        tasks.spawn(async move {
            tokio::select! {
                ready = make_ready(&engine, &record.name) => if let Err(error) = ready {
                    tracing::warn!(server = %record.name, problem = error.message(), "a server did not start");
                },
                () = engine.ending.cancelled() => {}
            }
        });
    }
}

/// Has the server run with tokens that are good for a call. One that the person has stopped stays so.
async fn make_ready(engine: &Engine, name: &ServerName) -> Result<(), ApiError> {
    // With tokens that still live it serves on; the newest are on their way to it.
    if readiness(engine, &wanted(engine, name).await?).await? != Readiness::Unfit {
        return Ok(());
    }
    renew(engine, name).await
}

/// Has a server run with the newest tokens, whatever it runs with now. Without a call failing, where it runs.
pub(super) async fn renew(engine: &Engine, name: &ServerName) -> Result<(), ApiError> {
    let _turn = engine.turns.of(name).await;
    // Who had the turn before may have done it, or stopped the server.
    let record = wanted(engine, name).await?;
    if readiness(engine, &record).await? == Readiness::Ready {
        return Ok(());
    }
    if engine.servers.can_be_called(name) {
        return replace(engine, &record).await;
    }
    engine.backoff.may_start(name, engine.servers.status(name).problem.as_ref(), Instant::now())?;
    let started = async {
        let ready = launch::ready(engine, &record).await?;
        launch::image(engine, &ready, &|_| {}).await?;
        launch::start(engine, ready).await
    };
    let started = started.await;
    engine.backoff.note(name, started.is_err(), Instant::now());
    started?;
    Ok(())
}

/// Hands the newest tokens to a server that runs. It is not tried for every call when it can't be done.
async fn replace(engine: &Engine, record: &ServerRecord) -> Result<(), ApiError> {
    engine.renewals.may_start(&record.name, None, Instant::now())?;
    let renewed = async { launch::renew(engine, launch::ready(engine, record).await?).await };
    let renewed = renewed.await;
    match &renewed {
        Ok(()) => engine.renewals.forget(&record.name),
        Err(_) => engine.renewals.note(&record.name, true, Instant::now()),
    }
    Ok(renewed?)
}

async fn wanted(engine: &Engine, name: &ServerName) -> Result<ServerRecord, ApiError> {
    let record = engine.record(name).await?;
    if record.wanted { Ok(record) } else { Err(RuntimeError::NotRunning { server: name.clone() }.into()) }
}

/// Whether a server can be called as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readiness {
    /// It runs with the newest tokens.
    Ready,
    /// It runs with those before, which still live.
    Behind,
    /// It does not run, or what it has is dead.
    Unfit,
}

/// Refreshes the server's tokens where that is due.
async fn readiness(engine: &Engine, record: &ServerRecord) -> Result<Readiness, InstallError> {
    if !engine.servers.can_be_called(&record.name) {
        return Ok(Readiness::Unfit);
    }
    let Some(connection) = &record.connection else { return Ok(Readiness::Ready) };
    let fresh = engine.connections.fresh(connection).await?;
    let generation = fresh.connection.generation;
    Ok(match engine.deliveries.freshness(&record.name, generation, engine.clock.now()) {
        Freshness::Current => Readiness::Ready,
        Freshness::Outdated => Readiness::Behind,
        Freshness::Dead => Readiness::Unfit,
    })
}
