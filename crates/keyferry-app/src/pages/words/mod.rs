//! How things are called on the pages.

mod connection;
mod event;
mod scope;
mod server;

pub(super) use connection::health;
pub(super) use event::event;
pub(super) use scope::in_words;
pub(super) use server::state;
