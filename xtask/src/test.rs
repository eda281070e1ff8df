//! `cargo xtask test`: everything that has to hold, step by step, on a clean clone as in CI.

use std::{fs::File, path::Path, process::Command, time::Instant};

use crate::{
    ledger,
    step::{self, root, say},
};

/// Where the sandbox provider writes each secret that it issues.
const LEDGER_VARIABLE: &str = "KEYFERRY_SANDBOX_LEDGER";

struct Step {
    name: &'static str,
    what: &'static str,
    arguments: &'static [&'static str],
    /// Whether what it prints is searched for issued secrets.
    searched: bool,
}

const STEPS: [Step; 6] = [
    Step { name: "fmt", what: "format", arguments: &["fmt", "--all", "--check"], searched: false },
    Step {
        name: "clippy",
        what: "lints",
        arguments: &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        searched: false,
    },
    Step {
        name: "doc",
        what: "docs",
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        searched: false,
    },
    Step {
        name: "deny",
        what: "licences, bans, sources",
        arguments: &["deny", "check", "licenses", "bans", "sources"],
        searched: false,
    },
    Step {
        name: "test",
        what: "tests",
        arguments: &["test", "--workspace", "--locked", "--", "--show-output"],
        searched: true,
    },
    Step {
        name: "demo",
        what: "the demo",
        arguments: &["run", "--locked", "--", "demo", "--yes"],
        searched: true,
    },
];

/// Runs the named steps, or all of them.
fn steps(names: &[String], folder: &Path) -> Result<usize, String> {
    let ledger = folder.join("ledger");
    let output = folder.join("output");
    let record = File::create(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    let chosen: Vec<_> =
        STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect();
    for stage in &chosen {
        say(&format!("\n=== {} ===", stage.what));
        let mut command = Command::new("cargo");
        command.args(stage.arguments).env(LEDGER_VARIABLE, &ledger);
        if stage.name == "doc" {
            command.env("RUSTDOCFLAGS", "-D warnings");
        }
        step::run(&mut command, stage.searched.then_some(&record))?;
    }
    if chosen.iter().any(|step| step.searched) {
        say("\n=== no secret in any output ===");
        let secrets = ledger::check(&ledger, &output)?;
        say(&format!("    none of {secrets} issued secrets stands in what was printed"));
    }
    Ok(chosen.len())
}

/// Runs the named steps, or all of them, and tells how it went.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("`{unknown}` is no step; there are: {}", known.join(" ")));
    }
    let started = Instant::now();
    let folder = root().join("target").join(format!("xtask-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let outcome = steps(names, &folder);
    match outcome {
        Ok(steps) => {
            let _ = std::fs::remove_dir_all(&folder);
            say(&format!("\nall {steps} steps passed in {:.0} s", started.elapsed().as_secs_f64()));
            Ok(())
        }
        Err(error) => Err(format!("\n{error}\nwhat was printed is kept in {}", folder.display())),
    }
}
