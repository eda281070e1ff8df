//! The sandbox provider: a real OAuth 2.0 authorization server on loopback, with a small notes API behind it.
//!
//! The demo runs on it and every test signs in at it, so it is strict where real providers differ, and
//! observable: its faults can be switched, its clock moved, its requests counted, and every secret that it
//! issued listed. [`Sandbox::start`] starts one; [`consent`] plays the person over HTTP; [`notes_mcp`] is the MCP
//! server `sandbox-notes`.

mod authorize;
mod client;
mod clock;
mod config;
pub mod consent;
mod counters;
mod faults;
mod form;
mod grants;
mod http_client;
mod ledger;
mod loopback;
mod metadata;
mod mint;
mod notes;
pub mod notes_mcp;
mod people;
mod pkce;
mod recorder;
mod reply;
mod revoke;
mod routes;
mod sandbox;
mod scope;
mod secret;
mod serve;
mod server;
pub mod stand_in;
mod state;
mod token;

pub use client::RedirectRule;
pub use clock::{Clock, ManualClock};
pub use config::{DEFAULT_CLIENT_ID, LEDGER_VARIABLE, Limits, Rotation, SandboxConfig};
pub use counters::Counts;
pub use faults::{Fault, Faults, GrantType, Switch, Target};
pub use grants::TokenUse;
pub use people::Person;
pub use recorder::{AuthorizationKind, RecordedRequest};
pub use sandbox::{Credentials, Sandbox};
pub use scope::SandboxScope;
pub use secret::SandboxSecret;
pub use serve::{Announcement, DEFAULT_LISTEN, Serving, serve};
