//! From a manifest and the person's settings to what is started or called.

mod error;
mod fill;
mod local;
mod remote;
mod text;

#[cfg(test)]
mod tests;

pub use error::LaunchError;
pub use text::LaunchText;

use super::model::Platform;

/// The places of the machine that templates may name. Handed in: the core reads no environment.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// What runs here.
    pub platform: Platform,
    /// `${__dirname}`: the absolute path of the server's own folder, where it has one.
    pub server_folder: Option<String>,
    /// `${HOME}`.
    pub home: Option<String>,
    /// `${DESKTOP}`.
    pub desktop: Option<String>,
    /// `${DOCUMENTS}`.
    pub documents: Option<String>,
    /// `${DOWNLOADS}`.
    pub downloads: Option<String>,
}

/// What to start, to the letter: no shell reads any of it.
#[derive(Debug, Clone)]
pub struct LaunchSpec {
    /// The program: a name to look up, an absolute path, or one below the server's folder. Never holds a sensitive setting.
    pub command: String,
    /// Its arguments. One that [is a secret](LaunchText::is_secret) is visible to other programs of the machine.
    pub args: Vec<LaunchText>,
    /// Its variables, each name once.
    pub env: Vec<(String, LaunchText)>,
}
