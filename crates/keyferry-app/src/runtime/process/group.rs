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

/// Whether the group has a process, and its number therefore can't be another's. One that ended but was not waited for by its parent
/// counts.
#[cfg(unix)]
pub(crate) fn exists(group: u32) -> bool {
    pid(group).is_some_and(|pid| rustix::process::test_kill_process_group(pid).is_ok())
}

/// Whether a process of the group still runs.
#[cfg(unix)]
pub(crate) fn lives(group: u32) -> bool {
    exists(group) && !only_ended(group)
}

/// Whether all of the group's processes have ended. Where nobody waits for them, as under many a container's first process, they stay
/// in the group for good.
#[cfg(target_os = "linux")]
fn only_ended(group: u32) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    let stats =
        processes.flatten().filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    !stats.into_iter().any(|stat| runs_in(group, &stat))
}

/// Whether a line of `/proc/PID/stat` (proc(5)) is of a process of the group that has not ended. Its name, in brackets, may hold
/// anything.
#[cfg(target_os = "linux")]
fn runs_in(group: u32, stat: &str) -> bool {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = after_name.split_ascii_whitespace();
    let state = fields.next();
    fields.nth(1).and_then(|field| field.parse().ok()) == Some(group) && !matches!(state, Some("Z" | "X"))
}

#[cfg(not(target_os = "linux"))]
#[cfg(unix)]
fn only_ended(_group: u32) -> bool {
    false
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

#[cfg(not(unix))]
pub(crate) fn lives(_group: u32) -> bool {
    false
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_ended_does_not_run() {
        for (stat, runs) in [
            ("12 (sh) S 1 42 42 0 -1", true),
            ("12 (sh) Z 1 42 42 0 -1", false),
            ("12 (sh) X 1 42 42 0 -1", false),
            ("12 (sh) S 42 7 7 0 -1", false),
            ("12 (a) Z 1 42) R 1 42 42 0", true),
            ("", false),
            ("12 (sh", false),
        ] {
            assert_eq!(runs_in(42, stat), runs, "{stat}");
        }
    }
}
