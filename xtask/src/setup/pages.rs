//! What the tests of the pages need beside Chromium: what looks for barriers.

use super::node;
use crate::step::say;

/// Its folder, from the workspace's root.
const AXE: &str = "crates/keyferry/tests/fixtures/axe";

/// Installs what is missing. A machine that can't have it runs the other tests; in CI these fail then.
pub(super) fn run() {
    if let Err(error) = node::run(AXE) {
        say(&format!("  the tests of the pages are not run: {error}"));
    }
}
