//! What the tests of several proxies behind a web server need: nginx.

use super::packages;
use crate::{machine::nginx, step::say};

/// Installs what is missing. A machine that can't have it runs the other tests.
pub(super) fn run() {
    let there = nginx().is_some();
    say(&format!("  nginx: {}", if there { "there" } else { "missing" }));
    if there {
        return;
    }
    if let Err(error) = packages::install(&["nginx-light"]) {
        say(&format!("  the tests of proxies behind a web server are not run: {error}"));
    }
}
