//! The provider file: what an OAuth service is like, in one TOML file that both tiers read.
//!
//! [`ProviderFile::parse`] reads and checks one, and reports every mistake with its line; [`ProviderSet`] holds those that a
//! program knows: the built-in ones and those of its folders.

mod builtin;
mod file;
mod parse;
mod set;
mod table;

pub use builtin::builtin;
pub use file::{Authorization, ClientAuth, Pkce, ProviderFile, Revocation, TokenEndpoint};
pub use parse::Checked;
pub use set::ProviderSet;
