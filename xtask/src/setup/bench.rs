//! What the benchmark compares with: nginx, and a service written on Fastify.

use std::process::Command;

use super::packages;
use crate::{
    machine::{nginx, root, works},
    step::{self, say},
};

/// Installs what is missing.
pub(super) fn run() -> Result<(), String> {
    let node_is_there = works("node", &["--version"]) && works("npm", &["--version"]);
    let needed =
        [("nginx", nginx().is_some(), &["nginx-light"][..]), ("Node.js", node_is_there, &["nodejs", "npm"])];
    let mut packages = Vec::new();
    for (tool, there, names) in needed {
        say(&format!("  {tool}: {}", if there { "there" } else { "missing" }));
        if !there {
            packages.extend(names);
        }
    }
    packages::install(&packages)?;
    let folder = root().join(FASTIFY);
    let folder = folder.to_string_lossy();
    if works("npm", &["ls", "--prefix", &folder, "--silent"]) {
        say("  packages of bench/fastify: there");
        return Ok(());
    }
    say("  packages of bench/fastify: installing what its lock file names");
    // Scripts of packages are not run: none of these needs one.
    step::run(
        Command::new("npm").args(["ci", "--prefix", &folder, "--ignore-scripts", "--no-audit", "--no-fund"]),
        None,
    )
}

/// The folder of the service written on Fastify, from the workspace's root.
const FASTIFY: &str = "bench/fastify";
