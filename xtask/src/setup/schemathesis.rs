//! schemathesis, which the tests let loose on both APIs.

use super::python;
use crate::step::say;

/// Its folder, from the workspace's root.
const FOLDER: &str = "crates/keyferry/tests/fixtures/schemathesis";

/// Installs what is missing. A machine that can't have it runs the other tests; in CI its tests fail then.
pub(super) fn run() {
    if let Err(error) = python::run(FOLDER) {
        say(&format!("  the tests with schemathesis are not run: {error}"));
    }
}
