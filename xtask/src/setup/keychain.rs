//! What the tests of the keychain need on Linux: a Secret Service that runs without a desktop.

use super::packages;
use crate::{machine::works, step::say};

/// Installs what is missing. A machine that can't have it runs the other tests.
pub(super) fn run() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let there = works("dbus-daemon", &["--version"]) && works("gnome-keyring-daemon", &["--version"]);
    say(&format!("  GNOME Keyring: {}", if there { "there" } else { "missing" }));
    if there {
        return;
    }
    if let Err(error) = packages::install(&["dbus", "gnome-keyring"]) {
        say(&format!("  the keychain's tests are not run: {error}"));
    }
}
