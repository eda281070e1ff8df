//! Installed servers in use: started, stopped and called, each with a token that is good.

use std::sync::Arc;

use keyferry_core::id::ServerName;
use serde_json::{Map, Value};
use tokio::{sync::Semaphore, time::Instant};

use super::{InstallError, at_hand::Found, challenge::is_challenge, delivery::Freshness, launch};
use crate::{
    api::ApiError,
    connections::Fresh,
    engine::Engine,
    runtime::{CallToolResult, RuntimeError, Tool, mcp::Session},
    vault::ServerRecord,
};

/// Servers that are started by themselves at the same time.
const STARTED_AT_ONCE: usize = 4;

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
    let had = engine.deliveries.generation(name);
    let result = call_once(engine, name, tool, arguments.clone()).await?;
    match is_worth_another(engine, name, tool, had, &result).await {
        true => call_once(engine, name, tool, arguments).await,
        false => Ok(result),
    }
}

/// Whether a call is to be made once more: its tool may be called twice, and its server said that its token is dead, and has another
/// by now. `had` is the generation of the tokens that the server had before the call.
pub(crate) async fn is_worth_another(
    engine: &Engine,
    name: &ServerName,
    tool: &str,
    had: Option<u64>,
    result: &CallToolResult,
) -> bool {
    if !engine.servers.may_repeat(name, tool) || !is_challenge(result) {
        return false;
    }
    // It was called with the tokens before, which ended while it was under way: nothing is spent by another call.
    let has = engine.deliveries.generation(name);
    (has.is_some() && has != had) || met(engine, name).await
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
    let behind = async { Some(look(engine, name).await.ok()?.1 != Readiness::Ready) };
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

/// The session of a server that was found ready a moment ago and still is, without a look into the vault.
pub(crate) fn at_hand(engine: &Engine, name: &ServerName) -> Option<Session> {
    let now = engine.clock.now();
    let found = engine.at_hand.look(name, engine.vault.version(), now)?;
    let has = |generation| engine.deliveries.freshness(name, generation, now) == Freshness::Current;
    if !found.generation.is_none_or(has) {
        return None;
    }
    engine.servers.session(name).ok()
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

/// Starts the servers that should run, some at a time: a hundred at once would take the machine from the person, and the app memory
/// that it does not give back. A call that comes before its server's turn starts it.
pub(crate) async fn start_wanted(engine: Arc<Engine>) {
    let records = match engine.vault.servers().await {
        Ok(records) => records,
        Err(error) => return tracing::error!(%error, "the servers that should run are not known"),
    };
    let places = Arc::new(Semaphore::new(STARTED_AT_ONCE));
    for record in records {
        let record = match record {
            Ok(record) if record.wanted => record,
            Ok(_) => continue,
            Err(error) => {
                tracing::error!(%error, hint = error.hint(), "a server can't be read");
                continue;
            }
        };
        let (engine, places) = (Arc::clone(&engine), Arc::clone(&places));
        let tasks = engine.tasks.clone();
        tasks.spawn(async move {
            let ready = async {
                // Nobody closes it.
                let _place = places.acquire().await;
                make_ready(&engine, &record.name).await
            };
            tokio::select! {
                ready = ready => if let Err(error) = ready {
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
    match look(engine, name).await?.1 {
        Readiness::Ready | Readiness::Behind => Ok(()),
        Readiness::Unfit => renew(engine, name).await,
    }
}

/// Has a server run with the newest tokens, whatever it runs with now. Without a call failing, where it runs.
pub(super) async fn renew(engine: &Engine, name: &ServerName) -> Result<(), ApiError> {
    let _turn = engine.turns.of(name).await;
    // Who had the turn before may have done it, or stopped the server.
    let (record, readiness) = look(engine, name).await?;
    if readiness == Readiness::Ready {
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

/// A server that is wanted, and whether it is ready. Refreshes its tokens where that is due.
async fn look(engine: &Engine, name: &ServerName) -> Result<(ServerRecord, Readiness), ApiError> {
    let (vault, at) = (engine.vault.version(), engine.clock.now());
    let record = wanted(engine, name).await?;
    if !engine.servers.can_be_called(name) {
        return Ok((record, Readiness::Unfit));
    }
    let Some(connection) = &record.connection else {
        engine.at_hand.note(name, Found { vault, at, due: None, generation: None });
        return Ok((record, Readiness::Ready));
    };
    let Fresh { connection, due } = engine.connections.fresh(connection).await.map_err(InstallError::from)?;
    let generation = connection.generation;
    let readiness = match engine.deliveries.freshness(name, generation, engine.clock.now()) {
        Freshness::Current => Readiness::Ready,
        Freshness::Outdated => Readiness::Behind,
        Freshness::Dead => Readiness::Unfit,
    };
    if readiness == Readiness::Ready {
        engine.at_hand.note(name, Found { vault, at, due, generation: Some(generation) });
    }
    Ok((record, readiness))
}
