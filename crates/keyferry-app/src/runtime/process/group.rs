//! Signals to a process group. Where there are none (Windows), a Job Object does this work and these do nothing.

/// Asks every process of the group to end.
#[cfg(unix)]
pub(crate) fn terminate(group: u32) {
    signal(group, rustix::process::Signal::TERM);
}

/// Ends every process of the group.
#[cfg(unix)]
pub(crate) fn kill(group: u32) {
    signal(group, rustix::process::Signal::KILL);
}

/// Whether the group has a process. One that ended but was not waited for by its parent counts.
#[cfg(unix)]
pub(crate) fn exists(group: u32) -> bool {
    pid(group).is_some_and(|pid| rustix::process::test_kill_process_group(pid).is_ok())
}

#[cfg(unix)]
fn signal(group: u32, signal: rustix::process::Signal) {
    if let Some(pid) = pid(group) {
        // A group that is gone already is what we want; there is nothing else that can fail for a child of ours.
        _ = rustix::process::kill_process_group(pid, signal);
    }
}

/// Groups 0 and 1 are never a child's: to signal them would be to signal ourselves, or everybody.
#[cfg(unix)]
fn pid(group: u32) -> Option<rustix::process::Pid> {
    i32::try_from(group).ok().filter(|&raw| raw > 1).and_then(rustix::process::Pid::from_raw)
}

#[cfg(not(unix))]
pub(crate) fn terminate(_group: u32) {}

#[cfg(not(unix))]
pub(crate) fn kill(_group: u32) {}

#[cfg(not(unix))]
pub(crate) fn exists(_group: u32) -> bool {
    false
}
