//! The rules of Keyferry, without I/O or clock.
//!
//! Everything here is a function of its arguments: time is a [`jiff::Timestamp`], randomness a `[u8; 32]`, a file its text.
//! The app and the proxy do the reading, sending and storing.

pub mod catalog_index;
pub mod delivery;
pub mod diagnostic;
pub mod fact;
pub mod flow;
pub mod id;
pub mod idempotency_key;
pub mod label;
pub mod manifest;
pub mod parallel;
pub mod problem;
pub mod provider;
pub mod refresh;
pub mod scope;
pub mod secret;
pub mod secret_pattern;
pub mod suggest;
pub mod url;
