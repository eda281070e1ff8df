//! What a server does right now.

use jiff::Timestamp;

use super::RuntimeError;

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
    /// The process, which is also the id of its process group, while it runs.
    pub pid: Option<u32>,
    /// Since when it runs.
    pub started_at: Option<Timestamp>,
    /// How many times it was started again since the app began.
    pub restarts: u32,
    /// How many tools it offered when it started; absent when it offers none by design.
    pub tool_count: Option<usize>,
    /// Why it does not run although it should.
    pub problem: Option<RuntimeError>,
}

impl ServerStatus {
    /// What runs it, as people and programs name it.
    pub const RUNTIME: &str = "process";
}
