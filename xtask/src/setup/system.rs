//! Small programs that nearly every Linux has, and an image for containers may not.

use super::packages;
use crate::{machine::works, step::say};

/// Installs what is missing. A machine that can't have it fails the tests that use it.
pub(super) fn run() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let there = [
        ("git", works("git", &["--version"])),
        // The program, not the shell's own.
        ("procps", works("kill", &["-l"])),
        // Debian keeps it out of an ordinary person's `PATH`.
        ("iproute2", ["ip", "/usr/sbin/ip", "/sbin/ip"].into_iter().any(|program| works(program, &["-V"]))),
    ];
    let missing: Vec<_> = there.into_iter().filter(|(_, there)| !there).map(|(package, _)| package).collect();
    for (package, there) in there {
        say(&format!("  {package}: {}", if there { "there" } else { "missing" }));
    }
    if let Err(error) = packages::install(&missing) {
        say(&format!("  the tests that use them fail: {error}"));
    }
}
