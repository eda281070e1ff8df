//! MCP with a server, over its standard input and output.
//!
//! - `session`, `ask`: a session, and one request over it
//! - `input`, `output`: the streams on the way there, watched and bounded
//! - `tap`, `relay`: what the server tells and asks on its own account
//! - `rounds`: the same for a client that is asked by the answer to its call
//! - `switchboard`, `caller`: who is told and asked

#![expect(
    deprecated,
    reason = "roots, sampling, logging and subscriptions live on in the versions before 2026-07-28"
)]

mod ask;
mod caller;
mod input;
mod listing;
mod output;
mod relay;
mod rounds;
mod session;
mod switchboard;
mod tap;

pub(crate) use ask::AskError;
pub(crate) use caller::{Asker, Asks, Client, Question, Reach, Reports};
pub(crate) use output::{Heard, Output};
pub(crate) use session::{Ended, OpenError, Opening, Session, shown_tool};
pub(crate) use switchboard::{Succession, Switchboard, Told, Upstream, severity};
