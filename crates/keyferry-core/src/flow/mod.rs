//! The OAuth flow, one RFC step a file.
//!
//! A sign-in goes [`authorize`] → [`callback`] → [`exchange`] → [`reply`]; later [`refresh`] and [`revoke`]. The steps are plain
//! values that are consumed: what may be used once is not `Clone`.

pub mod account;
pub mod authorize;
pub mod callback;
pub mod client;
pub mod error;
pub mod exchange;
pub(crate) mod json;
pub mod pkce;
pub mod refresh;
pub mod reply;
pub mod revoke;
pub mod send_on;
pub mod server_metadata;
mod tokens;

pub use tokens::Tokens;
