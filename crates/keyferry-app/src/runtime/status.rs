//! What a server does right now.

use jiff::Timestamp;

use super::{RuntimeError, RuntimeKind};

/// The state of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerState {
    /// It does not run, and is not meant to.
    #[default]
    Stopped,
    /// Its process is being started or has not answered `initialize` yet.
    Starting,
    /// It runs and has been initialised.
    Running,
    /// It did not start, or ended by itself. [`ServerStatus::problem`] says why.
    Failed,
}

/// What is known of a server. Never a secret.
#[derive(Clone, Debug, Default)]
pub struct ServerStatus {
    /// What it does.
    pub state: ServerState,
    /// What it runs in, or was last started in.
    pub runtime: RuntimeKind,
    /// The process, while it runs. In the runtime `process` it is also the id of its process group.
    pub pid: Option<u32>,
    /// The container, while it runs in one.
    pub container: Option<String>,
    /// Since when it runs.
    pub started_at: Option<Timestamp>,
    /// How many times it was started again since the app began.
    pub restarts: u32,
    /// How many tools it offered when it started; absent when it offers none by design.
    pub tool_count: Option<usize>,
    /// Why it does not run although it should.
    pub problem: Option<RuntimeError>,
}
