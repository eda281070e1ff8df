//! Node.js, and the packages that a folder's lock file names.

use std::process::Command;

use super::packages;
use crate::{
    machine::{root, works},
    step::{self, say},
};

/// Installs Node.js and npm where they are missing, then the packages of a folder of the workspace.
pub(super) fn run(folder: &str) -> Result<(), String> {
    let there = works("node", &["--version"]) && works("npm", &["--version"]);
    say(&format!("  Node.js: {}", if there { "there" } else { "missing" }));
    if !there {
        packages::install(&["nodejs", "npm"])?;
    }
    let path = root().join(folder);
    let path = path.to_string_lossy();
    if works("npm", &["ls", "--prefix", &path, "--silent"]) {
        say(&format!("  packages of {folder}: there"));
        return Ok(());
    }
    say(&format!("  packages of {folder}: installing what its lock file names"));
    // Scripts of packages are not run: none of these needs one.
    step::run(
        Command::new("npm").args(["ci", "--prefix", &path, "--ignore-scripts", "--no-audit", "--no-fund"]),
        None,
    )
}
