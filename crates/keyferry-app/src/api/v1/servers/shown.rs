//! Servers as the local API tells them.

use keyferry_core::{
    id::ServerName,
    manifest::{self, Manifest},
};

use crate::{
    api::{
        ApiError,
        dto::{Problem, Server, ServerConnection, ServerList, ServerState},
    },
    engine::Engine,
    runtime::{self, RuntimeKind, ServerStatus},
    vault::ServerRecord,
};

/// Every installed server, by name. One that can't be read hides no other, and is not kept back.
pub(super) async fn all(engine: &Engine) -> Result<ServerList, ApiError> {
    let (mut servers, mut problems) = (Vec::new(), Vec::new());
    for record in engine.vault.servers().await? {
        match record {
            Ok(record) => servers.push(server(engine, record).await?),
            Err(error) => problems.push(Problem::from(&error)),
        }
    }
    servers.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(ServerList { servers, problems })
}

/// One installed server.
pub(super) async fn one(engine: &Engine, name: &ServerName) -> Result<Server, ApiError> {
    server(engine, engine.record(name).await?).await
}

async fn server(engine: &Engine, record: ServerRecord) -> Result<Server, ApiError> {
    let status = engine.servers.status(&record.name);
    let manifest =
        Manifest::parse("the stored manifest", &record.manifest).map(|checked| checked.manifest).ok();
    let title = manifest.as_ref().map_or(record.name.as_str(), Manifest::title).to_owned();
    let is_remote =
        manifest.as_ref().is_some_and(|manifest| matches!(manifest.server, manifest::Server::Remote(_)));
    Ok(Server {
        display_name: title,
        version: manifest.and_then(|manifest| manifest.version),
        state: state(&status),
        wanted: record.wanted,
        runtime: if is_remote { "remote".to_owned() } else { record.runtime.to_string() },
        network: (record.runtime == RuntimeKind::Container).then(|| record.network.to_string()),
        container: status.container.clone(),
        tool_count: status.tool_count,
        pid: status.pid,
        running_since: status.started_at,
        restarts: status.restarts,
        installed_at: record.installed_at,
        connection: connection(engine, &record).await?,
        problem: status.problem.as_ref().map(Problem::from),
        name: record.name.to_string(),
    })
}

/// A connection whose row is damaged still has its id here: what can be told is told.
async fn connection(engine: &Engine, record: &ServerRecord) -> Result<Option<ServerConnection>, ApiError> {
    let Some(id) = &record.connection else { return Ok(None) };
    let found = engine.vault.connection(id).await.ok().flatten();
    let unknown = ServerConnection {
        id: id.to_string(),
        provider: String::new(),
        account: None,
        token_since: None,
        token_until: None,
    };
    Ok(Some(found.map_or(unknown.clone(), |found| ServerConnection {
        provider: found.provider.to_string(),
        token_since: Some(found.received_at()),
        token_until: found.tokens.expires_at,
        account: found.account,
        ..unknown
    })))
}

fn state(status: &ServerStatus) -> ServerState {
    match status.state {
        runtime::ServerState::Stopped => ServerState::Stopped,
        runtime::ServerState::Starting => ServerState::Starting,
        runtime::ServerState::Running => ServerState::Running,
        runtime::ServerState::Failed => ServerState::Failed,
    }
}
