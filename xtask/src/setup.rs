//! `cargo xtask setup`: what the tests need beside Rust. Says what it did; quick when all is there.

use std::process::Command;

use crate::step::{self, say, works};

/// Installs what is missing.
pub(crate) fn run() -> Result<(), String> {
    say("set-up");
    for (component, probe) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        ensure(
            component,
            probe,
            "adding it to the toolchain",
            Command::new("rustup").args(["component", "add", component]),
        )?;
    }
    let install = &mut Command::new("cargo");
    ensure(
        "cargo-deny",
        "deny",
        "building it, which takes a few minutes once",
        install.args(["install", "cargo-deny", "--locked"]),
    )
}

/// Installs one tool, unless `cargo PROBE` already works.
fn ensure(tool: &str, probe: &str, doing: &str, install: &mut Command) -> Result<(), String> {
    if works("cargo", &[probe, "--version"]) {
        say(&format!("  {tool}: there"));
        return Ok(());
    }
    say(&format!("  {tool}: {doing}"));
    step::run(install, None)
}
