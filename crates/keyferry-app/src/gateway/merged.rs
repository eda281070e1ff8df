//! `/mcp`: the lists of all servers as one, and which server a name or URI of that one belongs to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use keyferry_core::id::ServerName;
use rmcp::{
    ErrorData,
    model::{ErrorCode, Prompt, Resource, ResourceTemplate, Tool},
};
use tokio::time::timeout;

use super::{error, lists::Listed, names, uris};
use crate::{api::ApiError, engine::Engine};

/// How long a list of all waits for one server. One that is slower is left out, and everybody is told when it has come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all servers list, and who is missing.
pub(super) struct Merged<T> {
    pub(super) items: Vec<(ServerName, T)>,
    pub(super) missing: Vec<Missing>,
}

/// A server that was left out, and why.
pub(super) struct Missing {
    pub(super) server: ServerName,
    pub(super) reason: String,
}

/// What all servers that should run list, each asked on its own.
pub(super) async fn all<T: Listed>(engine: &Arc<Engine>) -> Result<Merged<T>, ErrorData> {
    let asked: FuturesUnordered<_> = servers(engine)
        .await?
        .into_iter()
        .map(|server| async move {
            let listed = timeout(PATIENCE, engine.gateway.lists.of::<T>(engine, &server)).await;
            (server, listed)
        })
        .collect();
    let listed: BTreeMap<_, _> = asked.collect().await;
    let (mut items, mut missing) = (Vec::new(), Vec::new());
    for (server, listed) in listed {
        match listed {
            Ok(Ok(list)) => items.extend(list.iter().map(|item| (server.clone(), item.clone()))),
            Ok(Err(error)) => missing.push(Missing { server, reason: error.message.into_owned() }),
            Err(_) => {
                let reason = format!("it did not answer within {} s", PATIENCE.as_secs());
                missing.push(Missing { server, reason });
            }
        }
    }
    for Missing { server, reason } in &missing {
        tracing::warn!(%server, reason, "a server is left out of a list");
    }
    Ok(Merged { items, missing })
}

/// The servers that should run.
pub(super) async fn servers(engine: &Engine) -> Result<Vec<ServerName>, ErrorData> {
    let records = engine.vault.servers().await.map_err(|error| error::of_app(&ApiError::from(error)))?;
    // One whose record is damaged is told of elsewhere.
    Ok(records
        .into_iter()
        .filter_map(Result::ok)
        .filter(|record| record.wanted)
        .map(|record| record.name)
        .collect())
}

/// A thing with a name.
pub(super) trait Named: Listed {
    fn name(&self) -> &str;
    fn rename(&mut self, name: String);
}

impl Named for Tool {
    fn name(&self) -> &str {
        &self.name
    }
    fn rename(&mut self, name: String) {
        self.name = name.into();
    }
}

impl Named for Prompt {
    fn name(&self) -> &str {
        &self.name
    }
    fn rename(&mut self, name: String) {
        self.name = name;
    }
}

/// The list under the names of `/mcp`. Of two that a server gives the same name, the first.
pub(super) fn renamed<T: Named>(items: Vec<(ServerName, T)>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let renamed = items.into_iter().filter_map(|(server, mut item)| {
        let public = names::public(&server, item.name());
        item.rename(public.clone());
        seen.insert(public).then_some(item)
    });
    renamed.collect()
}

/// The server and its own name, of a name under `/mcp`.
pub(super) async fn owner<T: Named>(
    engine: &Arc<Engine>,
    public: &str,
) -> Result<(ServerName, String), ErrorData> {
    if let Some((server, name)) = names::joined(public) {
        return Ok((server, name.to_owned()));
    }
    let merged = all::<T>(engine).await?;
    let found = merged.items.into_iter().find(|(server, item)| names::public(server, item.name()) == public);
    found.map(|(server, item)| (server, item.name().to_owned())).ok_or_else(|| {
        let shown: String = public.chars().take(128).collect();
        let left_out: Vec<_> = merged.missing.iter().map(|missing| missing.server.as_str()).collect();
        error::unknown(match left_out.is_empty() {
            true => format!("no server has {shown:?}; the list names what there is"),
            false => format!("no server has {shown:?}; not asked were {}", left_out.join(", ")),
        })
    })
}

/// A thing with a URI, or a template of one.
pub(super) trait Addressed: Listed {
    fn uri(&self) -> &str;
    fn readdress(&mut self, uri: String);
}

impl Addressed for Resource {
    fn uri(&self) -> &str {
        &self.uri
    }
    fn readdress(&mut self, uri: String) {
        self.uri = uri;
    }
}

impl Addressed for ResourceTemplate {
    fn uri(&self) -> &str {
        &self.uri_template
    }
    fn readdress(&mut self, uri: String) {
        self.uri_template = uri;
    }
}

/// The list under the URIs of `/mcp`.
pub(super) fn readdressed<T: Addressed>(items: Vec<(ServerName, T)>) -> Vec<T> {
    let mut owners: BTreeMap<String, BTreeSet<ServerName>> = BTreeMap::new();
    for (server, item) in &items {
        owners.entry(item.uri().to_owned()).or_default().insert(server.clone());
    }
    let readdressed = items.into_iter().map(|(server, mut item)| {
        let shared = owners.get(item.uri()).is_some_and(|owners| owners.len() > 1);
        if shared || uris::is_reserved(item.uri()) {
            item.readdress(uris::prefixed(&server, item.uri()));
        }
        item
    });
    readdressed.collect()
}

/// The server and its own URI, of a URI under `/mcp`.
pub(super) async fn owner_of_uri(engine: &Arc<Engine>, uri: &str) -> Result<(ServerName, String), ErrorData> {
    if let Some((server, own)) = uris::named(uri) {
        return Ok((server, own.to_owned()));
    }
    let (resources, templates) = tokio::join!(all::<Resource>(engine), all::<ResourceTemplate>(engine));
    let (resources, templates) = (resources?, templates?);
    let listed = resources.items.iter().filter(|(_, resource)| resource.uri == uri).map(|(server, _)| server);
    let given = templates.items.iter();
    let given =
        given.filter(|(_, template)| uris::can_give(&template.uri_template, uri)).map(|(server, _)| server);
    let owners: BTreeSet<_> = listed.chain(given).collect();
    let mut owners = owners.into_iter();
    let shown: String = uri.chars().take(512).collect();
    match (owners.next(), owners.next()) {
        (Some(server), None) => Ok((server.clone(), uri.to_owned())),
        (None, _) => {
            let message =
                format!("no server lists {shown:?}; of a server's own resource, ask for keyferry:SERVER:URI");
            Err(ErrorData::new(ErrorCode::RESOURCE_NOT_FOUND, message, None))
        }
        (Some(one), Some(other)) => {
            let message = format!(
                "several servers have {shown:?}; ask for {:?} or {:?}",
                uris::prefixed(one, &shown),
                uris::prefixed(other, &shown)
            );
            Err(error::unknown(message))
        }
    }
}

/// The server and its own template, of a template's URI under `/mcp`.
pub(super) async fn owner_of_template(
    engine: &Arc<Engine>,
    uri: &str,
) -> Result<(ServerName, String), ErrorData> {
    if let Some((server, own)) = uris::named(uri) {
        return Ok((server, own.to_owned()));
    }
    let templates = all::<ResourceTemplate>(engine).await?;
    let mut owners = templates.items.into_iter().filter(|(_, template)| template.uri_template == uri);
    match (owners.next(), owners.next()) {
        (Some((server, _)), None) => Ok((server, uri.to_owned())),
        _ => owner_of_uri(engine, uri).await,
    }
}
