//! The program in a container of little memory, with the libraries and the network of the machine.

use std::{fs, path::Path, process::Command};

use super::podman::{self, Podman};

/// A place for one container. Dropping it removes what is left of that.
pub(crate) struct Container(Podman);

impl Container {
    /// None where the machine has no Podman, which no machine of CI is.
    pub(crate) fn new() -> Option<Self> {
        podman::is_there().then(|| Self(Podman::start()))
    }

    /// A command of a world, in there, with so much memory and enough files. Of the machine it sees the libraries and the program.
    pub(crate) fn with_memory(&self, memory: &str, command: &Command) -> Command {
        let root = self.0.folder.path().join("empty");
        fs::create_dir_all(&root).unwrap();
        let (program, home) = (Path::new(command.get_program()), command.get_current_dir().unwrap());
        let mut run = podman::command(self.0.folder.path());
        run.args(["run", "--rm", "--network", "host", "--memory", memory, "--memory-swap", memory]);
        run.args(["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]);
        let libraries =
            ["/usr", "/lib", "/lib64"].map(Path::new).into_iter().filter(|folder| folder.exists());
        for seen in libraries.chain([program]) {
            run.arg("--volume").arg(format!("{0}:{0}:ro", seen.display()));
        }
        run.arg("--volume").arg(format!("{0}:{0}", home.display())).arg("--workdir").arg(home);
        for (name, value) in command.get_envs() {
            run.arg("--env").arg(format!("{}={}", name.display(), value.unwrap_or_default().display()));
        }
        run.arg("--rootfs").arg(root).arg(program).args(command.get_args());
        run
    }
}
