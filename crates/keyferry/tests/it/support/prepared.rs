//! The program, started by a shell that prepares the place for it: limits, permissions, mounts.

use std::process::{Command, Stdio};

/// The same command, after a script of the shell.
pub(crate) fn after(script: &str, command: &Command) -> Command {
    through(Command::new("sh"), script, command)
}

/// The same command, after a script that mounts what nobody else sees; none where this user may not mount.
#[cfg(target_os = "linux")]
pub(crate) fn mounted(script: &str, command: &Command) -> Option<Command> {
    let shell = apart(&["--mount"], "true", "no mount can be made here")?;
    Some(through(shell, script, command))
}

/// Whether this test is in a network and mounts of its own. If not, it is run there, where it is root, after a script; what is left to do
/// for the one outside is nothing. Likewise where this user may have no network.
#[cfg(target_os = "linux")]
pub(crate) fn in_own_network(test: &str, script: &str) -> bool {
    const INSIDE: &str = "TEST_IN_OWN_NETWORK";
    // `ip` is in a folder of its administrator's that is not in everyone's `PATH`.
    const UP: &str = "PATH=\"$PATH:/usr/sbin:/sbin\" ip link set lo up";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let shell = apart(&["--net", "--mount"], UP, "no network of its own can be had here");
    let Some(mut shell) = shell else { return false };
    let (_crate, test) = test.split_once("::").unwrap();
    shell.args(["-ec", &format!("{UP}; {script}; exec \"$0\" \"$@\"")]).arg(std::env::current_exe().unwrap());
    let ran = shell.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let told = [ran.stdout, ran.stderr].map(|told| String::from_utf8_lossy(&told).into_owned()).concat();
    assert!(ran.status.success() && told.contains("1 passed"), "in a network of its own: {told}");
    println!("{told}");
    false
}

/// A shell in namespaces of its own; none, said why, where it can't do this there. In CI, too: many a container has its kernel refuse them,
/// to root as well, and no set-up changes that.
#[cfg(target_os = "linux")]
fn apart(namespaces: &[&str], trial: &str, why_not: &str) -> Option<Command> {
    let shell = || {
        let mut unshare = Command::new("unshare");
        let as_root = (!rustix::process::geteuid().is_root()).then_some("--map-root-user");
        unshare.args(namespaces).args(as_root).arg("sh");
        unshare
    };
    if shell().args(["-c", trial]).status().is_ok_and(|status| status.success()) {
        return Some(shell());
    }
    eprintln!("skipped: {why_not}");
    None
}

fn through(mut shell: Command, script: &str, command: &Command) -> Command {
    shell.args(["-ec", &format!("{script}; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    shell
}
