//! The certified OpenID provider that the tests of the whole program sign in at.

use super::node;
use crate::step::say;

/// Its folder, from the workspace's root.
const FOLDER: &str = "crates/keyferry/tests/fixtures/oidc-provider";

/// Installs what is missing. A machine that can't have it runs the other tests; in CI its tests fail then.
pub(super) fn run() {
    if let Err(error) = node::run(FOLDER) {
        say(&format!("  the tests against a certified OpenID provider are not run: {error}"));
    }
}
