//! What runs the servers.
//!
//! [`Servers`] starts a [`Launch`], keeps it, lists and calls its tools, and stops it. Today there is one runtime, `process`: the
//! server is a child with an environment of its own, in a process group of its own, spoken to in MCP over its standard streams.
//!
//! - [`launch`], [`limits`], [`status`], [`error`]: what goes in, how long and how much, what is shown, what can fail
//! - [`process`]: the child itself: environment, program, group, and the watchdog that outlives the app
//! - `log`: what a server says on its standard error, bounded, with its secrets taken out
//! - `mcp`: the session over the child's standard input and output
//! - `servers`: the supervisor

pub mod error;
pub mod launch;
pub mod limits;
mod log;
pub(crate) mod mcp;
pub mod process;
mod servers;
pub mod status;

pub use error::RuntimeError;
pub use launch::{Launch, RemoteLaunch, Start};
pub use limits::Limits;
pub use process::watchdog::WatchdogCommand;
pub use rmcp::model::{CallToolResult, Tool};
pub use servers::{Now, Servers, ServersConfig};
pub use status::{ServerState, ServerStatus};

/// The `tracing` target under which the MCP library prints whole messages: a person's data, and whatever a server says. A program
/// that logs keeps it off, at every level.
pub const MESSAGES_LOG_TARGET: &str = "rmcp";
