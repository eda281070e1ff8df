//! What the tests of `deploy/` use: Kubernetes' schemas and podman-compose in a Python environment, and systemd's own judge of units.

use super::{packages, python};
use crate::{machine::works, step::say};

/// The folder of the environment, from the workspace's root.
const FOLDER: &str = "crates/keyferry-proxy/tests/fixtures/deploy";

/// Installs what is missing. A machine that can't have it runs the other tests; in CI its tests fail then.
pub(super) fn run() {
    if let Err(error) = python::run(FOLDER) {
        say(&format!("  the tests of Kubernetes' and Compose's files are not run: {error}"));
    }
    if !cfg!(target_os = "linux") {
        return;
    }
    let there = works("systemd-analyze", &["--version"]);
    say(&format!("  systemd-analyze: {}", if there { "there" } else { "missing" }));
    if !there && let Err(error) = packages::install(&["systemd"]) {
        say(&format!("  the tests of the unit are not run: {error}"));
    }
}
