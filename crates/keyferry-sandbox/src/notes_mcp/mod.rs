//! `sandbox-notes`: an MCP server on stdio that works on the notes API with an access token it is handed.
//!
//! Standard output belongs to the protocol and nothing is logged here; the token is in the settings and in the
//! `Authorization` header, nowhere else.

mod api_client;
mod environment;
mod tools;

use rmcp::{ServiceExt, transport::io::stdio_pipes};
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::environment::{EnvironmentError, NotesSettings, from_environment};
use self::{api_client::NotesApi, tools::SandboxNotes};
use crate::secret::SandboxSecret;

/// The server could not start, or ended badly.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotesMcpError {
    /// The settings are incomplete or wrong.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// No HTTP client could be built.
    #[error("no HTTP client could be built: {0}")]
    HttpClient(#[source] reqwest::Error),
    /// The client did not begin an MCP session.
    #[error("the MCP session could not begin: {0}")]
    Session(String),
    /// The server's task failed.
    #[error("the MCP server's task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Serves on standard input and output until the client closes them.
///
/// # Errors
/// When the API's URL is not acceptable, or the MCP session can't begin.
pub async fn serve_stdio(api_url: &str, access_token: SandboxSecret) -> Result<(), NotesMcpError> {
    let (reader, writer) = stdio_pipes();
    serve_on(NotesSettings::new(api_url, access_token)?, reader, writer).await
}

/// Serves on any pair of streams until the client closes them.
///
/// # Errors
/// When the MCP session can't begin.
pub async fn serve_on<R, W>(settings: NotesSettings, reader: R, writer: W) -> Result<(), NotesMcpError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let api = NotesApi::new(settings).map_err(NotesMcpError::HttpClient)?;
    let server = SandboxNotes::new(api).serve((reader, writer)).await;
    let server = server.map_err(|error| NotesMcpError::Session(error.to_string()))?;
    server.waiting().await?;
    Ok(())
}
