//! The URL tree.

mod metrics;
mod oauth;
mod operation;
