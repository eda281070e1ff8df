//! What a keeper shows of its server.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::runtime::{
    RuntimeError, RuntimeKind, ServerState, ServerStatus, instance::Instance, mcp::Session,
};

/// The status for people, and the session for callers.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) status: ServerStatus,
    pub(super) session: Option<Session>,
    /// Where its credential files are, while it runs.
    pub(super) delivered: Option<Delivered>,
}

/// Where the credential files of a running server are.
#[derive(Clone, Debug)]
pub(super) struct Delivered {
    pub(super) home: PathBuf,
    pub(super) owner: Option<u32>,
}

impl Seen {
    pub(super) fn starting(&mut self, runtime: RuntimeKind) {
        self.status.runtime = runtime;
        self.become_as(self.status_as(ServerState::Starting));
    }

    pub(super) fn running(
        &mut self,
        instance: Option<&Instance>,
        at: Timestamp,
        tool_count: Option<usize>,
        session: Session,
        delivered: Option<Delivered>,
    ) {
        let status = ServerStatus {
            pid: instance.and_then(Instance::pid),
            container: instance.and_then(Instance::container).map(str::to_owned),
            started_at: Some(at),
            tool_count,
            ..self.status_as(ServerState::Running)
        };
        *self = Self { status, session: Some(session), delivered };
    }

    pub(super) fn stopped(&mut self) {
        self.become_as(self.status_as(ServerState::Stopped));
    }

    pub(super) fn failed(&mut self, problem: RuntimeError) {
        let status = ServerStatus { problem: Some(problem), ..self.status_as(ServerState::Failed) };
        self.become_as(status);
    }

    fn become_as(&mut self, status: ServerStatus) {
        *self = Self { status, session: None, delivered: None };
    }

    /// Only the runtime and the count of restarts outlive a change of state.
    fn status_as(&self, state: ServerState) -> ServerStatus {
        let (runtime, restarts) = (self.status.runtime, self.status.restarts);
        ServerStatus { state, runtime, restarts, ..ServerStatus::default() }
    }
}
