//! Python packages: what a list names, in an environment of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::packages;
use crate::{
    machine::{build_folder, root, works},
    step::{self, say},
};

/// The programs that a benchmark measures, from a list in `bench/python`. Answers the folder that they are in.
pub(crate) fn environment(name: &str) -> Result<PathBuf, String> {
    let folder = root().join(build_folder()).join("python").join(name);
    install(&format!("bench/python/{name}.txt"), &folder)
}

/// What the tests of a folder of the workspace use, in that folder.
pub(super) fn run(folder: &str) -> Result<(), String> {
    install(&format!("{folder}/requirements.txt"), &root().join(folder).join(".venv")).map(drop)
}

/// Makes an environment, or finds it as it is to be.
fn install(list: &str, environment: &Path) -> Result<PathBuf, String> {
    let wanted = fs::read(root().join(list)).map_err(|error| format!("{list}: {error}"))?;
    let programs = environment.join("bin");
    // A copy of the list, written when all of it was installed.
    let mark = environment.join("installed.txt");
    if fs::read(&mark).is_ok_and(|installed| installed == wanted)
        && works(programs.join("python"), &["--version"])
    {
        say(&format!("  Python packages of {list}: there"));
        return Ok(programs);
    }
    say(&format!("  Python packages of {list}: installing"));
    if !works("python3", &["-c", "import ensurepip, venv"]) {
        packages::install(&["python3", "python3-venv"])?;
    }
    step::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment), None)?;
    let mut pip = Command::new(programs.join("pip"));
    // Wheels alone: nothing is built, and no script of a package's is run.
    pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--only-binary",
        ":all:",
        "-r",
    ]);
    step::run(pip.arg(root().join(list)), None)?;
    fs::write(&mark, wanted).map_err(|error| format!("{}: {error}", mark.display()))?;
    Ok(programs)
}
