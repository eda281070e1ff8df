//! schemathesis, which the tests let loose on both APIs: in an environment of its own, with the versions that its list names.

use std::process::Command;

use super::packages;
use crate::{
    machine::{root, works},
    step::{self, say},
};

/// Its folder, from the workspace's root.
const FOLDER: &str = "crates/keyferry/tests/fixtures/schemathesis";

/// Installs what is missing. A machine that can't have it runs the other tests; in CI its tests fail then.
pub(super) fn run() {
    if let Err(error) = install() {
        say(&format!("  the tests with schemathesis are not run: {error}"));
    }
}

fn install() -> Result<(), String> {
    let folder = root().join(FOLDER);
    let (environment, list) = (folder.join("venv"), folder.join("requirements.txt"));
    let (kept, wanted) = (environment.join("requirements.txt"), std::fs::read_to_string(&list));
    let wanted = wanted.map_err(|error| format!("{}: {error}", list.display()))?;
    if std::fs::read_to_string(&kept).is_ok_and(|kept| kept == wanted) {
        say("  schemathesis: there");
        return Ok(());
    }
    say("  schemathesis: installing what its list names");
    if !works("python3", &["-c", "import ensurepip, venv"]) {
        packages::install(&["python3", "python3-venv"])?;
    }
    step::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment), None)?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&list);
    step::run(&mut pip, None)?;
    // Written last: an installation that was cut off is begun anew.
    std::fs::write(&kept, wanted).map_err(|error| format!("{}: {error}", kept.display()))
}
