//! Installed servers in use: started, stopped and called, each with a token that is good.

use std::sync::Arc;

use keyferry_core::id::ServerName;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{InstallError, launch};
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
/// A server that ends just between the look and the call has been sent nothing, so it is started and called once more.
pub(crate) async fn call(
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
    if is_ready(engine, &wanted(engine, name).await?).await? {
        return Ok(());
    }
    let _turn = engine.turns.of(name).await;
    // Who had the turn before may have done it, or stopped the server.
    let record = wanted(engine, name).await?;
    if !is_ready(engine, &record).await? {
        engine.backoff.may_start(name, engine.servers.status(name).problem.as_ref(), Instant::now())?;
        let started = async { launch::start(engine, launch::ready(engine, &record).await?).await };
        let started = started.await;
        engine.backoff.note(name, started.is_err(), Instant::now());
        started?;
    }
    Ok(())
}

async fn wanted(engine: &Engine, name: &ServerName) -> Result<ServerRecord, ApiError> {
    let record = engine.record(name).await?;
    if record.wanted { Ok(record) } else { Err(RuntimeError::NotRunning { server: name.clone() }.into()) }
}

/// Whether the server runs, with the very tokens that are good now. Refreshes them where that is due.
async fn is_ready(engine: &Engine, record: &ServerRecord) -> Result<bool, InstallError> {
    if !engine.servers.can_be_called(&record.name) {
        return Ok(false);
    }
    let Some(connection) = &record.connection else { return Ok(true) };
    let fresh = engine.connections.fresh(connection).await?;
    Ok(engine.deliveries.is(&record.name, fresh.connection.generation))
}
