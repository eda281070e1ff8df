//! `cargo xtask schema`: the JSON Schema of the provider file, as the code has it, into docs/.

use std::{fs, process::Command};

use crate::{machine::root, step::say};

/// Where it is published, from the workspace's root.
const PUBLISHED: &str = "docs/provider.schema.json";

/// Writes the file. A test of keyferry-core fails while it differs from the code.
pub(crate) fn run() -> Result<(), String> {
    let mut command = Command::new("cargo");
    command.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "keyferry-core",
        "--example",
        "provider-schema",
    ]);
    let output = command.current_dir(root()).output().map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("the schema was not made:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    fs::write(root().join(PUBLISHED), output.stdout).map_err(|error| format!("{PUBLISHED}: {error}"))?;
    say(&format!("wrote {PUBLISHED}"));
    Ok(())
}
