//! The manifest: what an MCP server is, what it asks of the person, how it signs in, and how it is started.
//!
//! A manifest is a stranger's file. [`Manifest::parse`] reads the MCPB form (0.1 to 0.4) and the flat form that catalogs use;
//! [`Settings::validate`] checks the person's answers to its `user_config`; [`Local::launch`] and [`Remote::endpoint`] put both
//! together; [`Local::contained`] does so for a container; [`display_command`] shows the result before anything of it runs.
//!
//! Never read from a manifest: `oauth_config` (client secrets and endpoints of whoever wrote the file) and
//! `archestra_config.client_config_permutations` (other commands than the one that was agreed to).

mod contained;
mod display;
mod folder;
mod json;
mod launch;
mod model;
mod parse;
mod settings;
mod show;
mod sign_in;
mod template;
mod user_config;

#[cfg(test)]
mod tests;

pub use contained::{AskedMount, Contained, Image, display_contained};
pub use display::{display_command, display_placeholders};
pub use launch::{LaunchError, LaunchSpec, LaunchText, Surroundings};
pub use model::{AnnouncedTool, Author, Local, Manifest, Override, Platform, Remote, Server};
pub use parse::{Checked, LONGEST_MANIFEST, check, check_variables};
pub use settings::{SettingProblem, Settings};
pub use show::escaped;
pub use sign_in::{BrowserSignIn, OauthSignIn, SignIn};
pub use template::{Template, TemplateError, Word};
pub use user_config::{InvalidSettingKey, SettingKey, SettingKind, SettingSpec, UserConfig};
