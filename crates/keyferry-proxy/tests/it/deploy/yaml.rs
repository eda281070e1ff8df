//! YAML as the tools of the outside read it: by Python, from an environment that `cargo xtask setup` makes.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use super::root;

const READ: &str = "import json, sys, yaml; print(json.dumps([one for one in yaml.safe_load_all(open(sys.argv[1])) if one]))";

/// One of the environment's programs; none, said loudly, where it was not made. In CI that fails the test.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/deploy/.venv/bin").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("not run: {name} is not installed; see `cargo xtask setup`");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: {name} is not installed");
    None
}

pub(super) fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).current_dir(root()).output().unwrap()
}

/// The documents of a file.
pub(super) fn documents(path: &str) -> Option<Vec<Value>> {
    let read = run(&program("python")?, &["-c", READ, path]);
    assert!(read.status.success(), "{path}: {}", String::from_utf8_lossy(&read.stderr));
    Some(serde_json::from_slice(&read.stdout).unwrap())
}
