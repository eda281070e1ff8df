//! Known vulnerabilities of dependencies. Their list is not in the package registry, so not every machine can have it.

use std::process::{Command, Stdio};

use crate::step::{self, say};

/// Checks the advisories where their list can be had; tells whether it could.
pub(super) fn check() -> Result<bool, String> {
    say("\n=== advisories ===");
    let mut fetch = Command::new("cargo");
    fetch.args(["deny", "fetch", "db"]).stdin(Stdio::null());
    let fetched = fetch.output().map_err(|error| format!("cargo deny: {error}"))?;
    if !fetched.status.success() {
        say("    not checked: the advisory database can't be had on this machine");
        return Ok(false);
    }
    let mut check = Command::new("cargo");
    check.args(["deny", "--locked", "check", "--disable-fetch", "advisories"]);
    step::run(&mut check, None).map(|()| true)
}
