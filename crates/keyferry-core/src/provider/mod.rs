//! The provider file: what an OAuth service is like, in one TOML file that both tiers read.
//!
//! [`ProviderFile::parse`] reads and checks one, and reports every mistake with its line; [`ProviderSet`] holds those that a
//! program knows: the built-in ones and those of its folders. What a file can't say, an [`Implementation`] does.

mod browser;
mod builtin;
mod config;
mod destinations;
mod endpoint;
mod file;
mod host;
pub mod implementation;
mod offline;
mod parse;
mod relocate;
mod response;
mod schema;
mod set;
mod table;

pub use browser::{Browser, BrowserSource, BrowserToken, HostPattern, UrlPattern};
pub use builtin::{builtin, takes_place};
pub use config::{ConfigField, InvalidConfig, Pattern, check_config};
pub use destinations::{Destinations, RefusedHost};
pub use endpoint::{EndpointTemplate, InvalidEndpoint, UnresolvedEndpoint};
pub use file::{
    Account, AccountLabel, Authorization, CallbackFormat, ClientAuth, JsonPointer, OAuth, Pkce, ProviderFile,
    Redirect, Rename, RequestFormat, Revocation, RevocationAuth, RevocationBody, SignIn, TokenEndpoint,
};
pub use host::HostRule;
pub use implementation::{Implementation, Provider};
pub use offline::{Asks, OfflineAccess};
pub use parse::Checked;
pub use response::{ErrorRule, Places, ReplyFormat};
pub use schema::schema;
pub use set::ProviderSet;
