//! What is known of the client that a gate serves.

mod hearing;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use keyferry_core::id::ServerName;
use rmcp::{
    RoleServer,
    model::{LoggingLevel, ProtocolVersion, UnsubscribeRequest, UnsubscribeRequestParams},
    service::RequestContext,
};
use tokio::sync::mpsc;

use crate::{
    engine::Engine,
    gateway::{hangup::Hangup, uris},
    runtime::mcp::{Asker, Asks, Client, Reach, Reports, Switchboard, Told, Upstream, severity},
};

/// Keys of `_meta` that are meant for the next hop alone (MCP 2026-07-28, "`_meta`").
const OWN_PREFIX: &str = "io.modelcontextprotocol/";

pub(in crate::gateway) struct ClientState {
    number: u64,
    asks: Asks,
    switchboard: Switchboard,
    engine: Arc<Engine>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    level: Option<LoggingLevel>,
    /// The URI as the client knows it, by the server and its own URI.
    subscribed: BTreeMap<(ServerName, String), String>,
    attached: bool,
}

impl ClientState {
    pub(super) fn new(switchboard: Switchboard, engine: Arc<Engine>) -> Self {
        Self {
            number: switchboard.number(),
            asks: Asks::default(),
            switchboard,
            engine,
            state: Mutex::default(),
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn asks(&self) -> &Asks {
        &self.asks
    }

    /// From now on it is told what servers say. None when it is already.
    pub(super) fn attach(&self, scope: Option<&ServerName>) -> Option<mpsc::Receiver<Told>> {
        let mut state = self.lock();
        if state.attached {
            return None;
        }
        state.attached = true;
        Some(self.switchboard.attach(self.number, scope.cloned()))
    }

    /// From now on it is told nothing.
    pub(super) fn detach(&self) {
        self.lock().attached = false;
        self.switchboard.detach(self.number);
    }

    /// Who asks, as the servers' side needs it.
    pub(in crate::gateway) fn asker(&self, context: RequestContext<RoleServer>) -> Asker {
        let reach = if is_stateless(&context) { Reach::Nowise } else { Reach::Requests };
        self.asker_by(reach, context)
    }

    /// Likewise, asked in this way.
    pub(in crate::gateway) fn asker_by(&self, reach: Reach, context: RequestContext<RoleServer>) -> Asker {
        let capabilities = context.client_capabilities().unwrap_or_default();
        let reports = Reports::default();
        reports.go_to(&context.peer, context.meta.get_progress_token());
        let mut meta = context.meta;
        meta.retain(|key, _| key != "progressToken" && !key.starts_with(OWN_PREFIX));
        let hung_up = Hangup::of(&context.extensions);
        Asker {
            client: Some(Client {
                number: self.number,
                peer: context.peer,
                capabilities,
                reach,
                asks: self.asks.clone(),
            }),
            request: Some(context.id),
            meta,
            reports,
            gone: context.ct,
            hung_up,
        }
    }

    pub(super) fn set_level(&self, level: LoggingLevel) {
        self.lock().level = Some(level);
    }

    /// Whether the client wants a message of the gateway's own. One without a session says so with each request.
    pub(super) fn wants(&self, level: LoggingLevel, context: &RequestContext<RoleServer>) -> bool {
        let chosen = if is_stateless(context) {
            context.meta.log_level()
        } else {
            self.lock().level.or(Some(LoggingLevel::Debug))
        };
        chosen.is_some_and(|chosen| severity(level) >= severity(chosen))
    }

    /// Notes a subscription. What to do upstream.
    pub(super) fn subscribe(&self, server: &ServerName, own: &str, known_as: &str) -> Upstream {
        self.lock().subscribed.insert((server.clone(), own.to_owned()), known_as.to_owned());
        self.switchboard.subscribe(self.number, server, own)
    }

    /// Forgets a subscription. What to do upstream.
    pub(super) fn unsubscribe(&self, server: &ServerName, own: &str) -> Upstream {
        self.lock().subscribed.remove(&(server.clone(), own.to_owned()));
        self.switchboard.unsubscribe(self.number, server, own)
    }

    /// A server's own URI as this client knows it, by how it subscribed to it or to what it is a part of.
    pub(in crate::gateway) fn known_as(&self, server: &ServerName, own: &str) -> String {
        let state = self.lock();
        let mut subscribed = state.subscribed.iter().filter(|((owner, _), _)| owner == server);
        let named = subscribed
            .any(|((_, uri), known_as)| own.starts_with(uri.as_str()) && uris::is_reserved(known_as));
        if named { uris::prefixed(server, own) } else { own.to_owned() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the request is of a version without sessions (MCP 2026-07-28).
pub(in crate::gateway) fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::NO_INITIALIZE)
}

impl Drop for ClientState {
    fn drop(&mut self) {
        let orphaned = self.switchboard.detach(self.number);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        for (server, uri) in orphaned {
            let Ok(session) = self.engine.servers.session(&server) else { continue };
            let request = UnsubscribeRequest::new(UnsubscribeRequestParams::new(uri)).into();
            runtime.spawn(async move {
                if let Err(error) = session.ask(Asker::default(), request, "to end a subscription").await {
                    tracing::debug!(%server, ?error, "a subscription was not ended");
                }
            });
        }
    }
}
