//! Python programs, each with the packages that a file of `bench/python` names, in an environment of its own.

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

/// Makes the environment of a name, or finds it as it is to be. Answers the folder of its programs.
pub(crate) fn environment(name: &str) -> Result<PathBuf, String> {
    let wanted = root().join("bench/python").join(format!("{name}.txt"));
    let wanted = fs::read(&wanted).map_err(|error| format!("{}: {error}", wanted.display()))?;
    let folder = root().join(build_folder()).join("python").join(name);
    let (programs, installed) = (folder.join("bin"), folder.join("installed.txt"));
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        say(&format!("  {name}: there"));
        return Ok(programs);
    }
    say(&format!("  {name}: installing what bench/python/{name}.txt names"));
    if !works("python3", &["-c", "import ensurepip"]) {
        packages::install(&["python3", "python3-venv"])?;
    }
    step::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), None)?;
    let file = Path::new("bench/python").join(format!("{name}.txt"));
    let mut install = Command::new(programs.join("pip"));
    // Wheels alone: nothing is built, and no script of a package's is run.
    install.args(["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"]);
    step::run(install.arg(file), None)?;
    fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(programs)
}
