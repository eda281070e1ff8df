//! What the tests of the container runtime need on Linux: Podman with runc. Nothing of the person's configuration is touched.

use super::packages;
use crate::{machine::works, step::say};

/// Installs what is missing. A machine that can't have it runs the other tests; in CI these fail then.
pub(super) fn run() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let there = works("podman", &["--version"]) && works("runc", &["--version"]);
    say(&format!("  Podman and runc: {}", if there { "there" } else { "missing" }));
    if there {
        return;
    }
    if let Err(error) = packages::install(&["podman", "runc", "netavark", "iptables"]) {
        say(&format!("  the containers' tests are not run: {error}"));
    }
}
