//! Python, and the packages that a folder's list of requirements names.

use std::{fs, process::Command};

use super::packages;
use crate::{
    machine::{root, works},
    step::{self, say},
};

/// The list, and the environment made from it.
const REQUIREMENTS: &str = "requirements.txt";
const ENVIRONMENT: &str = ".venv";

/// Installs Python where it is missing, then the packages of a folder of the workspace, into an environment of that folder's own.
pub(super) fn run(folder: &str) -> Result<(), String> {
    let there = works("python3", &["-c", "import ensurepip, venv"]);
    say(&format!("  Python: {}", if there { "there" } else { "missing" }));
    if !there {
        packages::install(&["python3", "python3-venv"])?;
    }
    let (list, environment) = (root().join(folder).join(REQUIREMENTS), root().join(folder).join(ENVIRONMENT));
    // A copy of the list, written when all of it was installed.
    let mark = environment.join(REQUIREMENTS);
    let wanted = fs::read(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let python = environment.join("bin/python");
    if fs::read(&mark).is_ok_and(|installed| installed == wanted) && works(&python, &["--version"]) {
        say(&format!("  Python packages of {folder}: there"));
        return Ok(());
    }
    say(&format!("  Python packages of {folder}: installing what its list names"));
    step::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment), None)?;
    let install =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"];
    step::run(Command::new(&python).args(install).arg(&list), None)?;
    fs::write(&mark, wanted).map_err(|error| format!("{}: {error}", mark.display()))
}
