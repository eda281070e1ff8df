//! What the tests of the pages need: Chromium, and what looks for barriers.

use super::{node, packages};
use crate::{machine::works, step::say};

/// The folder of what looks for barriers, from the workspace's root.
const AXE: &str = "crates/keyferry/tests/fixtures/axe";

/// Installs what is missing. A machine that can't have it runs the other tests; in CI these fail then.
pub(super) fn run() {
    let there = ["chromium", "chromium-browser", "google-chrome"].iter().any(|it| works(it, &["--version"]));
    say(&format!("  Chromium: {}", if there { "there" } else { "missing" }));
    let installed = if there { Ok(()) } else { packages::install(&["chromium"]) };
    if let Err(error) = installed.and_then(|()| node::run(AXE)) {
        say(&format!("  the tests of the pages are not run: {error}"));
    }
}
