//! Who uses which server through the gateway, whose calls are under way, and what a server was last told.
//!
//! A server has one session, which all clients share. So what it says on its own account has to find its way: a request of the
//! server goes to the client whose call is under way, and to nobody when that is not certain; progress goes to the call it belongs
//! to; the rest goes to those who use the server.

mod face;
mod line;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keyferry_core::id::ServerName;
use rmcp::model::{
    LoggingLevel, PromptListChangedNotification, ResourceListChangedNotification, ServerCapabilities,
    ServerNotification, ToolListChangedNotification,
};
use tokio::sync::mpsc;

use super::caller::{Asker, Caller, Ongoing, Tag, Unroutable};
pub(crate) use face::Face;
use line::Line;

/// What waits to be told to one client. A client that does not keep up misses what is above.
const INBOX: usize = 256;

/// Clones are the same switchboard.
#[derive(Clone, Default)]
pub(crate) struct Switchboard {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What was numbered last: a client, a call or a session.
    last: u64,
    clients: BTreeMap<u64, Attached>,
    lines: BTreeMap<ServerName, Line>,
}

/// A client that is told what servers say.
struct Attached {
    /// The one server it uses; none means all.
    scope: Option<ServerName>,
    inbox: mpsc::Sender<Told>,
    level: Option<LoggingLevel>,
}

/// What a server said to those who use it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) server: ServerName,
    pub(crate) notification: ServerNotification,
}

/// What a new session of a server is told, so that it is as the one before.
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    pub(crate) level: Option<LoggingLevel>,
    pub(crate) subscriptions: Vec<String>,
}

/// How a session comes to be a server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Succession {
    /// The server was started.
    Start,
    /// It goes on without a gap, in another instance.
    Replacement,
}

/// What to do upstream for a change of who wants what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// The server must be told.
    Tell,
    /// It knows already, or others still want it as it is.
    Leave,
}

impl Switchboard {
    /// A number that nothing else has.
    pub(crate) fn number(&self) -> u64 {
        self.lock().number()
    }

    /// From now on the client is told what the servers of its scope say.
    pub(crate) fn attach(&self, client: u64, scope: Option<ServerName>) -> mpsc::Receiver<Told> {
        let (inbox, heard) = mpsc::channel(INBOX);
        self.lock().clients.insert(client, Attached { scope, inbox, level: None });
        heard
    }

    /// Forgets the client. Returns the subscriptions that nobody else has.
    pub(crate) fn detach(&self, client: u64) -> Vec<(ServerName, String)> {
        let mut state = self.lock();
        state.clients.remove(&client);
        let lines = state.lines.iter_mut();
        lines
            .flat_map(|(server, line)| line.forget(client).into_iter().map(|uri| (server.clone(), uri)))
            .collect()
    }

    /// What a new session of the server must be told.
    pub(super) fn repeated(&self, server: &ServerName) -> Repeated {
        self.lock().line(server).repeated()
    }

    /// A session has become the server's. Everybody hears that its lists may be others, unless they are known not to be.
    pub(super) fn taken_over(
        &self,
        server: &ServerName,
        session: u64,
        capabilities: &ServerCapabilities,
        face: Face,
        succession: Succession,
    ) {
        let mut state = self.lock();
        let same = state.line(server).take_over(session, face);
        if same && succession == Succession::Replacement {
            return;
        }
        state.line(server).change();
        state.line(server).face = Some(face);
        let changed = [
            capabilities.tools.is_some().then(|| ToolListChangedNotification::default().into()),
            capabilities.prompts.is_some().then(|| PromptListChangedNotification::default().into()),
            capabilities.resources.is_some().then(|| ResourceListChangedNotification::default().into()),
        ];
        for notification in changed.into_iter().flatten() {
            state.tell(server, &notification);
        }
    }

    /// Grows with every start of the server and every change of its lists.
    pub(crate) fn version(&self, server: &ServerName) -> u64 {
        self.lock().lines.get(server).map_or(0, |line| line.version)
    }

    /// Notes a call that is about to be sent.
    pub(super) fn begin(&self, server: &ServerName, session: u64, asker: Asker) -> Ongoing {
        let mut state = self.lock();
        let number = state.number();
        let (call, ongoing) = Ongoing::new(self.clone(), server.clone(), Tag { session, number }, asker);
        state.line(server).begin(number, call);
        ongoing
    }

    /// The call is over.
    pub(super) fn end(&self, server: &ServerName, tag: Tag) {
        if let Some(line) = self.lock().lines.get_mut(server) {
            line.end(tag.number);
        }
    }

    /// Notes under which token the server will report a call's progress.
    pub(super) fn tokened(&self, server: &ServerName, tag: Tag, token: rmcp::model::ProgressToken) {
        if let Some(line) = self.lock().lines.get_mut(server) {
            line.tokened(tag.number, token);
        }
    }

    /// Whose call a request of the server belongs to.
    pub(super) fn caller(&self, server: &ServerName, session: u64) -> Result<Caller, Unroutable> {
        self.lock().lines.get(server).ok_or(Unroutable::Nobody)?.caller(session)
    }

    /// How long the server has had nothing to do; none while it has, or while a client waits for news of it.
    pub(crate) fn idle_for(&self, server: &ServerName) -> Option<Duration> {
        self.lock().lines.get(server).and_then(Line::idle_for)
    }

    /// Passes on what a server says.
    pub(super) fn told(&self, server: &ServerName, session: u64, notification: ServerNotification) {
        let mut state = self.lock();
        let line = state.line(server);
        match &notification {
            ServerNotification::ProgressNotification(progress) => {
                return line.progress(session, &progress.params);
            }
            ServerNotification::ToolListChangedNotification(_)
            | ServerNotification::PromptListChangedNotification(_)
            | ServerNotification::ResourceListChangedNotification(_)
                if !line.changed_in(session) =>
            {
                return;
            }
            // The gateway listens for its clients, and acknowledges by itself.
            ServerNotification::SubscriptionsAcknowledgedNotification(_) => return,
            _ => {}
        }
        state.tell(server, &notification);
    }

    /// The client wants messages of this level and above from the servers. The level that they must be set to: the most talkative
    /// that any client wants.
    pub(crate) fn set_level(&self, client: u64, level: LoggingLevel) -> LoggingLevel {
        let mut state = self.lock();
        if let Some(attached) = state.clients.get_mut(&client) {
            attached.level = Some(level);
        }
        let levels = state.clients.values().filter_map(|attached| attached.level);
        levels.min_by_key(|level| severity(*level)).unwrap_or(level)
    }

    /// Notes the level that a server was set to, or is to be set to when it is started next.
    pub(crate) fn note_level(&self, server: &ServerName, level: LoggingLevel) {
        self.lock().line(server).level = Some(level);
    }

    /// Whether the server was told to keep back messages of this level.
    pub(crate) fn is_quieter(&self, server: &ServerName, level: LoggingLevel) -> bool {
        let state = self.lock();
        let told = state.lines.get(server).and_then(|line| line.level);
        told.is_some_and(|told| severity(told) > severity(level))
    }

    /// The client wants to know of changes of a resource.
    pub(crate) fn subscribe(&self, client: u64, server: &ServerName, uri: &str) -> Upstream {
        self.lock().line(server).subscribe(client, uri)
    }

    /// It does not want to any more.
    pub(crate) fn unsubscribe(&self, client: u64, server: &ServerName, uri: &str) -> Upstream {
        self.lock().line(server).unsubscribe(client, uri)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn line(&mut self, server: &ServerName) -> &mut Line {
        self.lines.entry(server.clone()).or_default()
    }

    fn tell(&self, server: &ServerName, notification: &ServerNotification) {
        let someone_chose = self.clients.values().any(|attached| attached.level.is_some());
        for (number, attached) in &self.clients {
            let concerned = attached.scope.as_ref().is_none_or(|scope| scope == server)
                && match notification {
                    ServerNotification::LoggingMessageNotification(message) => {
                        // Who chose no level is not to get the details that another asked for.
                        let unchosen = if someone_chose { LoggingLevel::Info } else { LoggingLevel::Debug };
                        severity(message.params.level) >= severity(attached.level.unwrap_or(unchosen))
                    }
                    ServerNotification::ResourceUpdatedNotification(updated) => self
                        .lines
                        .get(server)
                        .is_some_and(|line| line.is_subscribed(*number, &updated.params.uri)),
                    _ => true,
                };
            if !concerned {
                continue;
            }
            let heard = Told { server: server.clone(), notification: notification.clone() };
            if let Err(mpsc::error::TrySendError::Full(_)) = attached.inbox.try_send(heard) {
                tracing::warn!(%server, "a client does not keep up with what a server says");
            }
        }
    }
}

/// RFC 5424 §6.2.1, the other way round: the graver, the higher.
pub(crate) fn severity(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        LoggingLevel::Emergency => 7,
    }
}

#[cfg(test)]
mod tests;
