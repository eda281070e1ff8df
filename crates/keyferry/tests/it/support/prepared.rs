//! The program, started by a shell that prepares the place for it: limits, permissions, mounts.

use std::process::{Command, Stdio};

/// The same command, after a script of the shell.
pub(crate) fn after(script: &str, command: &Command) -> Command {
    through(Command::new("sh"), script, command)
}

/// The same command, after a script that mounts what nobody else sees; none where this user may not mount.
#[cfg(target_os = "linux")]
pub(crate) fn mounted(script: &str, command: &Command) -> Option<Command> {
    let rights: &[&str] =
        if rustix::process::geteuid().is_root() { &["--mount"] } else { &["--mount", "--map-root-user"] };
    if !Command::new("unshare").args(rights).arg("true").status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mount can be made here");
        return None;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(rights).arg("sh");
    Some(through(unshare, script, command))
}

fn through(mut shell: Command, script: &str, command: &Command) -> Command {
    shell.args(["-ec", &format!("{script}; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    shell
}
