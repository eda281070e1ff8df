//! The processes of a world: those whose home is the world's.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// How long anything may take that only has to be waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// The processes that live in this home, as `/proc` tells.
pub(crate) fn left_over(home: &Path) -> Vec<u32> {
    let marker = format!("HOME={}", home.display());
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let lives = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes())
    };
    pids.filter(lives).collect()
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < LIMIT, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn terminate(pid: u32) {
    signal("-TERM", pid);
}

pub(crate) fn interrupt(pid: u32) {
    signal("-INT", pid);
}

pub(crate) fn kill(pid: u32) {
    signal("-KILL", pid);
}

pub(crate) fn hangup(pid: u32) {
    signal("-HUP", pid);
}

fn signal(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}
