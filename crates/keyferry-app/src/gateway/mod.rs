//! The gateway: the one MCP endpoint through which clients reach the installed servers.
//!
//! `/mcp` is all of them at once, `/mcp/SERVER` one of them as it is. Both ways, whole messages pass: `gate` is the server that a
//! client sees, and forwards; what servers say on their own account comes back through the runtime's switchboard.
//!
//! - `http`, `sessions`: the endpoint, its sessions, whose they are and how many
//! - `gate`: one client's server, for all servers or one
//! - `merged`, `names`, `uris`: the lists of all as one, and the way back from a name to its server
//! - `lists`: what each server lists, kept
//! - `upstream`, `forward`: the one place from which a session with a server is had, and a request over it
//! - `rounds`: calls that wait for a client that is asked by the answer to its call
//! - `inbox`: what servers tell, on its way to a client

#![expect(
    deprecated,
    reason = "roots, sampling, logging and subscriptions live on in the versions before 2026-07-28"
)]

mod error;
mod forward;
mod gate;
mod hangup;
mod http;
mod inbox;
mod lists;
mod merged;
mod names;
mod rounds;
mod sessions;
mod upstream;
mod uris;

use lists::Lists;
use rounds::Rounds;
use sessions::Sessions;

pub(crate) use http::{all, one};
pub(crate) use sessions::sweep;

/// What the gateway knows between requests.
#[derive(Default)]
pub(crate) struct Gateway {
    lists: Lists,
    rounds: Rounds,
    sessions: Sessions,
}
