//! What a keeper shows of its server.

use jiff::Timestamp;

use crate::runtime::{RuntimeError, ServerState, ServerStatus, mcp::Session};

/// The status for people, and the session for callers.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) status: ServerStatus,
    pub(super) session: Option<Session>,
}

impl Seen {
    pub(super) fn starting(&mut self) {
        *self = Self { status: self.status_as(ServerState::Starting), session: None };
    }

    pub(super) fn running(
        &mut self,
        pid: Option<u32>,
        at: Timestamp,
        tool_count: Option<usize>,
        session: Session,
    ) {
        let status =
            ServerStatus { pid, started_at: Some(at), tool_count, ..self.status_as(ServerState::Running) };
        *self = Self { status, session: Some(session) };
    }

    pub(super) fn stopped(&mut self) {
        *self = Self { status: self.status_as(ServerState::Stopped), session: None };
    }

    pub(super) fn failed(&mut self, problem: RuntimeError) {
        let status = ServerStatus { problem: Some(problem), ..self.status_as(ServerState::Failed) };
        *self = Self { status, session: None };
    }

    /// Only the count of restarts outlives a change of state.
    fn status_as(&self, state: ServerState) -> ServerStatus {
        ServerStatus { state, restarts: self.status.restarts, ..ServerStatus::default() }
    }
}
