//! What the tests of the pages and of the sign-in in a window need on Linux: Chromium; a display that nobody looks at, a hand that clicks
//! on it, and a camera; and a clock that is put forward.

use super::packages;
use crate::{machine::works, step::say};

/// Installs what is missing. A machine that can't have it runs the other tests; in CI these fail then.
pub(super) fn run() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let chromium = ["chromium", "google-chrome", "chromium-browser"];
    let there = [
        ("chromium", chromium.into_iter().any(|name| works(name, &["--version"]))),
        // It has no answer that is a success, but for its help.
        ("xvfb", works("Xvfb", &["-help"])),
        ("xdotool", works("xdotool", &["--version"])),
        ("scrot", works("scrot", &["--version"])),
        ("faketime", works("faketime", &["--version"])),
    ];
    for (package, there) in there {
        say(&format!("  {package}: {}", if there { "there" } else { "missing" }));
    }
    let missing: Vec<_> = there.into_iter().filter(|(_, there)| !there).map(|(package, _)| package).collect();
    if let Err(error) = packages::install(&missing) {
        say(&format!("  the tests of the pages and of the sign-in in a window are not run: {error}"));
    }
}
