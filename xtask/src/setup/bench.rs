//! What the benchmark compares with: nginx, and a service written on Fastify.

use std::process::Command;

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
    install(&packages)?;
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

/// Installs packages of Debian's, as root or by sudo where that asks nothing.
fn install(packages: &[&str]) -> Result<(), String> {
    if packages.is_empty() {
        return Ok(());
    }
    let by_hand = format!("install by hand what these packages of Debian's hold: {}", packages.join(" "));
    if !works("apt-get", &["--version"]) {
        return Err(format!("this machine has no apt-get; {by_hand}"));
    }
    let sudo = if is_root() {
        None
    } else if works("sudo", &["-n", "true"]) {
        Some("sudo")
    } else {
        return Err(format!("apt-get wants root, and sudo a password; {by_hand}"));
    };
    for arguments in [vec!["update"], [&["install", "--yes", "--no-install-recommends"], packages].concat()] {
        let mut command = Command::new(sudo.unwrap_or("apt-get"));
        command.args(sudo.map(|_| "apt-get")).args(arguments);
        step::run(&mut command, None).map_err(|error| format!("{error}; {by_hand}"))?;
    }
    Ok(())
}

/// Whether this process may install packages by itself.
fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
