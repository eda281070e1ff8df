//! Packages of Debian's.

use std::process::Command;

use crate::{machine::works, step};

/// Installs packages of Debian's, as root or by sudo where that asks nothing.
pub(super) fn install(packages: &[&str]) -> Result<(), String> {
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
