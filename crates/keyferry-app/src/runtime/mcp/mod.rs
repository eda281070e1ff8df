//! MCP with a server, over its standard input and output.

mod input;
mod listing;
mod output;
mod session;

pub(crate) use output::{Heard, Output};
pub(crate) use session::{Ended, OpenError, Session};
