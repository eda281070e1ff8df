//! What runs the servers.
//!
//! [`Servers`] starts a [`Launch`], keeps it, lists and calls its tools, and stops it. There are two runtimes: `process`, a child with
//! an environment of its own, in a process group of its own; and `container`, a container of Podman's or Docker's. Either is spoken to
//! in MCP over its standard streams.
//!
//! - [`launch`], [`limits`], [`status`], [`error`]: what goes in, how long and how much, what is shown, what can fail
//! - [`process`]: the child itself: environment, program, group, and the watchdog that outlives the app
//! - [`container`]: the engine, and a container with as little as it can do with
//! - `instance`: the one or the other, while it runs; [`place`]: which of them
//! - `files`: credential files, for both
//! - `log`: what a server says on its standard error, bounded, with its secrets taken out
//! - `mcp`: the session over the child's standard input and output
//! - `servers`: the supervisor

pub mod container;
pub mod error;
pub(crate) mod files;
mod instance;
pub mod launch;
pub mod limits;
mod log;
pub(crate) mod mcp;
pub mod place;
pub mod process;
mod servers;
pub mod status;

pub use container::{BaseImage, Containers, ContainersConfig};
pub use error::RuntimeError;
pub(crate) use files::make_private;
pub use launch::{Launch, RemoteLaunch, Start};
pub use limits::Limits;
pub use log::{Cursor, NoCursor};
pub use place::{Inside, Mount, Network, Place, RuntimeKind, UnknownWord};
pub use process::watchdog::WatchdogCommand;
pub use rmcp::model::{CallToolResult, Tool};
pub use servers::{Now, Servers, ServersConfig};
pub use status::{ServerState, ServerStatus};

/// The `tracing` targets under which libraries print whole messages: a person's data and whatever a server says in those of MCP, and a
/// server's variables in those to a container engine. A program that logs keeps them off, at every level.
pub const MESSAGES_LOG_TARGETS: [&str; 2] = ["rmcp", "bollard"];
