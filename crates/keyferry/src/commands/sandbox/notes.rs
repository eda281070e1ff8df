//! `keyferry sandbox notes`

use keyferry_sandbox::notes_mcp;

use crate::error::{CliError, CliResult};

pub(crate) async fn run() -> CliResult {
    let settings = notes_mcp::from_environment(|name| std::env::var(name).ok());
    let settings = settings.map_err(|error| CliError::failed("notes_settings", error))?;
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    notes_mcp::serve_on(settings, input, output).await.map_err(|error| CliError::failed("notes", error))
}
