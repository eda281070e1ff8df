//! The line to one server: the calls under way, and what outlives a session.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rmcp::model::{LoggingLevel, ProgressNotificationParam, ProgressToken};
use tokio::time::Instant;

use super::{Face, Repeated, Upstream};
use crate::runtime::mcp::caller::{Call, Caller, Unroutable};

/// Resources of one server that are watched. What is above is refused upstream, not here: a client is told.
const SUBSCRIPTIONS: usize = 4_096;

/// What is known of one server, whichever session it has.
pub(super) struct Line {
    pub(super) version: u64,
    pub(super) level: Option<LoggingLevel>,
    /// What the server shows, while it is as it was at its start.
    pub(super) face: Option<Face>,
    /// The session that is the server's.
    session: Option<u64>,
    /// A session that is not yet, and whose lists have changed since they were looked at.
    changed_early: Option<u64>,
    calls: BTreeMap<u64, Call>,
    subscriptions: BTreeMap<String, BTreeSet<u64>>,
    last_used: Instant,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            version: 0,
            level: None,
            face: None,
            session: None,
            changed_early: None,
            calls: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            last_used: Instant::now(),
        }
    }
}

impl Line {
    pub(super) fn change(&mut self) {
        self.version += 1;
        self.face = None;
    }

    /// A session is the server's from now on. Whether it shows what the one before does.
    pub(super) fn take_over(&mut self, session: u64, face: Face) -> bool {
        self.session = Some(session);
        self.changed_early != Some(session) && self.face == Some(face)
    }

    /// A session says that its lists have changed. Whether that concerns anybody: one that is not the server's has no clients.
    pub(super) fn changed_in(&mut self, session: u64) -> bool {
        match self.session {
            Some(current) if session < current => return false,
            Some(current) if session > current => {
                self.changed_early = Some(session);
                return false;
            }
            _ => {}
        }
        self.change();
        true
    }

    pub(super) fn repeated(&self) -> Repeated {
        Repeated { level: self.level, subscriptions: self.subscriptions.keys().cloned().collect() }
    }

    pub(super) fn begin(&mut self, number: u64, call: Call) {
        self.last_used = Instant::now();
        self.calls.insert(number, call);
    }

    pub(super) fn end(&mut self, number: u64) {
        self.last_used = Instant::now();
        if let Some(call) = self.calls.remove(&number) {
            call.over.cancel();
        }
    }

    pub(super) fn idle_for(&self) -> Option<Duration> {
        (self.calls.is_empty() && self.subscriptions.is_empty()).then(|| self.last_used.elapsed())
    }

    pub(super) fn tokened(&mut self, number: u64, token: ProgressToken) {
        if let Some(call) = self.calls.get_mut(&number) {
            call.token = Some(token);
        }
    }

    /// Progress of a call that is over, or that never was, is dropped.
    pub(super) fn progress(&self, session: u64, progress: &ProgressNotificationParam) {
        let mut calls = self.calls.values().filter(|call| call.session == session);
        if let Some(call) = calls.find(|call| call.token.as_ref() == Some(&progress.progress_token)) {
            // A client that does not keep up misses the oldest.
            _ = call.progress.send(progress.clone());
        }
    }

    /// Whose call a request of the server belongs to. The protocol does not say, so it is said only where there is one answer.
    pub(super) fn caller(&self, session: u64) -> Result<Caller, Unroutable> {
        let mut found: Option<&Call> = None;
        for call in self.calls.values().filter(|call| call.session == session) {
            // A call of the app itself beside a client's is as bad as two clients.
            if found.is_some_and(|found| found.asker.number() != call.asker.number()) {
                return Err(Unroutable::Several);
            }
            found = Some(call);
        }
        found.ok_or(Unroutable::Nobody)?.caller()
    }

    pub(super) fn subscribe(&mut self, client: u64, uri: &str) -> Upstream {
        if !self.subscriptions.contains_key(uri) && self.subscriptions.len() >= SUBSCRIPTIONS {
            return Upstream::Tell;
        }
        let clients = self.subscriptions.entry(uri.to_owned()).or_default();
        let first = clients.is_empty();
        clients.insert(client);
        if first { Upstream::Tell } else { Upstream::Leave }
    }

    pub(super) fn unsubscribe(&mut self, client: u64, uri: &str) -> Upstream {
        let Some(clients) = self.subscriptions.get_mut(uri) else { return Upstream::Leave };
        clients.remove(&client);
        if !clients.is_empty() {
            return Upstream::Leave;
        }
        self.subscriptions.remove(uri);
        Upstream::Tell
    }

    /// A server may report a part of what was subscribed to (MCP, "Resources": "may be a sub-resource").
    pub(super) fn is_subscribed(&self, client: u64, uri: &str) -> bool {
        let within = |subscribed: &str| {
            uri.strip_prefix(subscribed).is_some_and(|rest| {
                rest.is_empty() || subscribed.ends_with('/') || rest.starts_with(['/', '#', '?'])
            })
        };
        self.subscriptions.iter().any(|(subscribed, clients)| clients.contains(&client) && within(subscribed))
    }

    /// Drops the client's subscriptions; returns those that nobody else has.
    pub(super) fn forget(&mut self, client: u64) -> Vec<String> {
        let mut orphaned = Vec::new();
        self.subscriptions.retain(|uri, clients| {
            if clients.remove(&client) && clients.is_empty() {
                orphaned.push(uri.clone());
            }
            !clients.is_empty()
        });
        orphaned
    }
}
