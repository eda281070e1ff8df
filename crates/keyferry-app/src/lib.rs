//! The desktop app's engine: one person's connections and servers behind one loopback address.
//!
//! [`boot()`] is the way in. Everything a program can ask of a running app goes through the local API; its structs are
//! in [`api::dto`], and [`home::find_running`] says where it listens.
//!
//! - [`settings`]: flags, environment and `keyferry.toml`, made one
//! - [`home`]: the data folder, its lock, and how a running app is found
//! - [`vault`] and [`connections`]: what is kept sealed, and the sign-ins, refreshes and revocations around it
//! - [`providers`] and [`catalog`]: which providers and manifests there are
//! - [`browser`]: the window in which one signs in to a service without OAuth
//! - [`install`] and [`runtime`]: from a manifest to a server that runs
//! - `events`: word of what has changed
//! - `gateway`: the one MCP endpoint before all servers
//! - [`api`] and [`pages`]: the URL tree, for programs and for people; `sessions`: which browsers may see the latter

pub mod api;
pub mod boot;
pub mod browser;
pub mod catalog;
pub mod clients;
pub mod clock;
pub mod connections;
mod diagnostics;
mod engine;
pub mod entropy;
mod events;
mod failpoint;
mod gateway;
pub mod home;
pub mod install;
pub mod pages;
mod places;
pub mod providers;
pub mod runtime;
mod sessions;
pub mod settings;
mod sign_ins;
mod ticket;
pub mod vault;

pub use boot::{App, BootError, Parts, boot};
