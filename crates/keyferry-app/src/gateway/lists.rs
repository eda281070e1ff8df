//! What each server lists, kept until it says that it changed, so that a client's question wakes nobody.

use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use keyferry_core::id::ServerName;
use rmcp::{
    ErrorData,
    model::{
        ClientRequest, ListPromptsRequest, ListPromptsResult, ListResourceTemplatesRequest,
        ListResourceTemplatesResult, ListResourcesRequest, ListResourcesResult, ListToolsRequest,
        ListToolsResult, PaginatedRequestParams, Prompt, Resource, ResourceTemplate, ServerCapabilities,
        ServerPeerInfo, Tool,
    },
};

use super::{
    error,
    forward::{Answer, ask_for},
    upstream,
};
use crate::{engine::Engine, runtime::mcp::Asker};

/// Items of one server's list. As many as its tools may be.
const MOST: usize = 4_096;
/// A server with more pages than this does not mean to end.
const MOST_PAGES: usize = 256;

/// A thing that servers list.
pub(super) trait Listed: Clone + Send + Sync + 'static {
    const WHAT: Kind;
    type Page: Answer + Send;
    fn request(params: PaginatedRequestParams) -> ClientRequest;
    fn items(page: Self::Page) -> (Vec<Self>, Option<String>);
    fn is_offered(capabilities: &ServerCapabilities) -> bool;
}

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Tools,
    Prompts,
    Resources,
    Templates,
}

macro_rules! listed {
    ($Item:ty, $kind:ident, $Request:ident, $Page:ident, $field:ident, $capability:ident) => {
        impl Listed for $Item {
            const WHAT: Kind = Kind::$kind;
            type Page = $Page;
            fn request(params: PaginatedRequestParams) -> ClientRequest {
                $Request::with_param(params).into()
            }
            fn items(page: $Page) -> (Vec<Self>, Option<String>) {
                (page.$field, page.next_cursor)
            }
            fn is_offered(capabilities: &ServerCapabilities) -> bool {
                capabilities.$capability.is_some()
            }
        }
    };
}

listed!(Tool, Tools, ListToolsRequest, ListToolsResult, tools, tools);
listed!(Prompt, Prompts, ListPromptsRequest, ListPromptsResult, prompts, prompts);
listed!(Resource, Resources, ListResourcesRequest, ListResourcesResult, resources, resources);
listed!(
    ResourceTemplate,
    Templates,
    ListResourceTemplatesRequest,
    ListResourceTemplatesResult,
    resource_templates,
    resources
);

/// The lists that are known. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Lists(Arc<Mutex<BTreeMap<(ServerName, Kind), Known>>>);

struct Known {
    /// Of the server's line when it was asked.
    version: u64,
    items: Arc<dyn Any + Send + Sync>,
}

impl Lists {
    /// What a server lists: as it is known, or else asked for.
    pub(super) async fn of<T: Listed>(
        &self,
        engine: &Arc<Engine>,
        server: &ServerName,
    ) -> Result<Arc<Vec<T>>, ErrorData> {
        if let Some(known) = self.known::<T>(engine, server) {
            return Ok(known);
        }
        let info = info(engine, server).await?;
        let version = engine.servers.switchboard().version(server);
        let items =
            if T::is_offered(&info.capabilities) { all::<T>(engine, server).await? } else { Vec::new() };
        let items = Arc::new(items);
        let known = Known { version, items: items.clone() };
        self.lock().insert((server.clone(), T::WHAT), known);
        Ok(items)
    }

    /// What is known without asking.
    pub(super) fn known<T: Listed>(&self, engine: &Engine, server: &ServerName) -> Option<Arc<Vec<T>>> {
        let version = engine.servers.switchboard().version(server);
        let known = self.lock();
        let known = known.get(&(server.clone(), T::WHAT)).filter(|known| known.version == version)?;
        Arc::clone(&known.items).downcast::<Vec<T>>().ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(ServerName, Kind), Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a server says of itself.
pub(super) async fn info(
    engine: &Arc<Engine>,
    server: &ServerName,
) -> Result<Arc<ServerPeerInfo>, ErrorData> {
    let session = upstream::session(engine, server).await.map_err(|error| error::of_app(&error))?;
    session
        .info()
        .ok_or_else(|| ErrorData::internal_error(format!("{server} has not introduced itself"), None))
}

/// All pages, in order.
async fn all<T: Listed>(engine: &Arc<Engine>, server: &ServerName) -> Result<Vec<T>, ErrorData> {
    let mut all = Vec::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let request = T::request(PaginatedRequestParams::default().with_cursor(cursor));
        let page: T::Page = ask_for(engine, server, Asker::default(), request).await?;
        let (items, next) = T::items(page);
        all.extend(items);
        if next.is_none() && all.len() <= MOST {
            return Ok(all);
        }
        if all.len() > MOST {
            break;
        }
        cursor = next;
    }
    let limit = MOST;
    Err(error::of_runtime(&crate::runtime::RuntimeError::TooManyTools { server: server.clone(), limit }))
}
