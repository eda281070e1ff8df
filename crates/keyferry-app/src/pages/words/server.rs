//! What a server does.

use crate::api::dto::{Server, ServerState};

/// The tone and the word.
pub(in crate::pages) fn state(server: &Server) -> (&'static str, &'static str) {
    match server.state {
        ServerState::Running => ("good", "Running"),
        ServerState::Starting => ("busy", "Starting"),
        ServerState::Failed => ("bad", "Failed"),
        ServerState::Stopped if server.wanted => ("calm", "Starts when it is needed"),
        ServerState::Stopped => ("calm", "Stopped"),
    }
}
