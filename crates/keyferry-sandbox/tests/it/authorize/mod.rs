//! The authorization endpoint.

mod decision;
mod request;
