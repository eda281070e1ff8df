//! The steps that are one command each.

use std::{fs::File, process::Command};

use super::Records;
use crate::step;

/// Where the sandbox provider writes each secret that it issues.
const LEDGER_VARIABLE: &str = "KEYFERRY_SANDBOX_LEDGER";

/// A step.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    arguments: &'static [&'static str],
    /// Whether what it prints is searched for issued secrets.
    pub(super) searched: bool,
}

/// All of them, in order: what fails soonest comes first.
pub(super) const STEPS: [Step; 8] = [
    Step { name: "fmt", what: "format", arguments: &["fmt", "--all", "--check"], searched: false },
    Step {
        name: "deny",
        what: "licences, bans, sources",
        arguments: &[
            "deny",
            "--locked",
            "check",
            "--hide-inclusion-graph",
            "--show-stats",
            "licenses",
            "bans",
            "sources",
        ],
        searched: false,
    },
    Step {
        name: "clippy",
        what: "lints",
        arguments: &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        searched: false,
    },
    Step {
        name: "clippy-proxy",
        what: "lints of the proxy alone",
        arguments: &[
            "clippy",
            "--package",
            "keyferry",
            "--no-default-features",
            "--bins",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        searched: false,
    },
    Step {
        name: "doc",
        what: "docs",
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        searched: false,
    },
    Step {
        name: "test",
        what: "tests",
        // A test's output is shown when it passes, too: a secret in it is as bad. All of them run, whichever fail: a run is long.
        arguments: &["test", "--workspace", "--locked", "--no-fail-fast", "--", "--show-output"],
        searched: true,
    },
    Step {
        name: "demo",
        what: "the demo",
        arguments: &["run", "--locked", "--", "demo", "--yes"],
        searched: true,
    },
    // The short form; it looks through the logs of its processes itself.
    Step {
        name: "torture",
        what: "the torture of the vault",
        arguments: &[
            "run",
            "--locked",
            "-p",
            "keyferry-app",
            "--example",
            "keyferry-torture",
            "--features",
            "failpoints",
            "--",
            "300",
        ],
        searched: false,
    },
];

/// The names that `--only` takes.
pub(super) fn names() -> [&'static str; STEPS.len()] {
    STEPS.each_ref().map(|step| step.name)
}

// === impl Step ===

impl Step {
    /// Runs it. A step that is searched has its temporary folder among the records, so that a log it leaves is searched, too.
    pub(super) fn run(&self, records: &Records<'_>, record: &File) -> Result<(), String> {
        let mut command = Command::new("cargo");
        command.args(self.arguments);
        if self.name == "doc" {
            command.env("RUSTDOCFLAGS", "-D warnings");
        }
        if self.searched {
            command.env(LEDGER_VARIABLE, records.ledger()).env("TMPDIR", records.temporary());
        }
        step::run(&mut command, self.searched.then_some(record))
    }
}
