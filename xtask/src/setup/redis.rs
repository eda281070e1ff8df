//! What the tests of limits that several proxies share need: a Redis.

use super::packages;
use crate::{machine::works, step::say};

/// Installs what is missing. A machine that can't have it runs the other tests.
pub(super) fn run() {
    let there = works("redis-server", &["--version"]);
    say(&format!("  Redis: {}", if there { "there" } else { "missing" }));
    if there {
        return;
    }
    if let Err(error) = packages::install(&["redis-server"]) {
        say(&format!("  the tests of shared limits are not run: {error}"));
    }
}
