//! The three tools.

use rmcp::{
    ServerHandler,
    handler::server::wrapper::Parameters,
    model::{CallToolResult, ContentBlock},
    schemars, tool, tool_handler, tool_router,
};
use serde::Deserialize;
use serde_json::Value;

use super::api_client::{ApiError, NotesApi};

/// The MCP server.
#[derive(Debug, Clone)]
pub(super) struct SandboxNotes {
    api: NotesApi,
}

/// The arguments of `add_note`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct AddNote {
    /// What the note says, 1 to 4096 bytes.
    text: String,
}

// === impl SandboxNotes ===

#[tool_router]
impl SandboxNotes {
    pub(super) fn new(api: NotesApi) -> Self {
        Self { api }
    }

    #[tool(
        description = "Lists the notes of the connected account, oldest first.",
        annotations(title = "List notes", read_only_hint = true, open_world_hint = false)
    )]
    async fn list_notes(&self) -> CallToolResult {
        result(self.api.list_notes().await)
    }

    #[tool(
        description = "Adds a note to the connected account.",
        annotations(
            title = "Add a note",
            read_only_hint = false,
            destructive_hint = false,
            open_world_hint = false
        )
    )]
    async fn add_note(&self, Parameters(AddNote { text }): Parameters<AddNote>) -> CallToolResult {
        result(self.api.add_note(&text).await)
    }

    #[tool(
        description = "Tells whose account is connected.",
        annotations(title = "Who am I", read_only_hint = true, open_world_hint = false)
    )]
    async fn whoami(&self) -> CallToolResult {
        result(self.api.me().await)
    }
}

#[tool_handler(
    name = "sandbox-notes",
    instructions = "Notes of an account at Keyferry's sandbox provider: list them, add one, ask whose they are."
)]
impl ServerHandler for SandboxNotes {}

/// What the API said, as a tool result; its refusals are tool errors, which the person gets to read.
fn result(answer: Result<Value, ApiError>) -> CallToolResult {
    match answer {
        Ok(value) => CallToolResult::structured(value),
        Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]),
    }
}
