//! The MCP clients and servers that are not ours, and MCP's conformance suite, for the tests of the gateway.

use super::{node, python};
use crate::step::say;

/// Their folder, from the workspace's root.
const FOLDER: &str = "crates/keyferry/tests/fixtures/foreign";

/// Installs what is missing. A machine that can't have it runs the other tests; in CI its tests fail then.
pub(super) fn run() {
    if let Err(error) = node::run(FOLDER).and_then(|()| python::run(FOLDER)) {
        say(&format!("  the tests with MCP clients and servers that are not ours are not run: {error}"));
    }
}
