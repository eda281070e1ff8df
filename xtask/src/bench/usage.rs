//! What a process and its children use, as Linux counts it in `/proc`.

use std::{fs, process::Command};

/// Time and memory of a tree of processes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    /// Time on a core, of all threads, in seconds since the start. It comes in steps of the kernel's clock, usually 10 ms.
    pub(super) cpu_seconds: f64,
    /// Resident memory, in KiB. Pages that processes share count for each.
    pub(super) resident_kib: u64,
}

/// Reads processes of this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter {
    ticks_per_second: f64,
}

// === impl Meter ===

impl Meter {
    pub(super) fn new() -> Result<Self, String> {
        let output = Command::new("getconf").arg("CLK_TCK").output();
        let text = output.map_err(|error| format!("getconf: {error}"))?.stdout;
        let text = String::from_utf8_lossy(&text);
        let ticks_per_second = text.trim().parse().map_err(|_| "getconf names no clock".to_owned())?;
        Ok(Self { ticks_per_second })
    }

    /// What a process and all below it use.
    pub(super) fn read(self, process: u32) -> Result<Usage, String> {
        let read = |file: &str| {
            let path = format!("/proc/{process}/{file}");
            fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
        };
        let stat = read("stat")?;
        let ticks = cpu_ticks(&stat).ok_or("stat has another form than expected")?;
        let resident_kib = kib(&read("status")?, "VmRSS:").ok_or("status has another form than expected")?;
        let mut sum = Usage { cpu_seconds: ticks as f64 / self.ticks_per_second, resident_kib };
        for child in read(&format!("task/{process}/children"))?.split_whitespace() {
            let child = self.read(child.parse().map_err(|_| "children has another form than expected")?)?;
            sum.cpu_seconds += child.cpu_seconds;
            sum.resident_kib += child.resident_kib;
        }
        Ok(sum)
    }
}

/// The most memory that a process ever had resident, in KiB.
pub(super) fn peak_kib(process: u32) -> Result<u64, String> {
    of_status(process, "VmHWM:")
}

/// The memory that a process has resident, in KiB, without those below it.
pub(super) fn resident_kib(process: u32) -> Result<u64, String> {
    of_status(process, "VmRSS:")
}

fn of_status(process: u32, name: &str) -> Result<u64, String> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    kib(&status, name).ok_or_else(|| format!("{path} has another form than expected"))
}

/// User and system time: fields 14 and 15 of proc_pid_stat(5), counted after the name, which may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_moves_no_field() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 25 17 900 800 20 0 4 0 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(42));
        assert_eq!(cpu_ticks("7 (short) S 1"), None);
    }

    #[test]
    fn resident_memory_is_read_with_its_unit() {
        let status = "Name:\tx\nVmHWM:\t  900 kB\nVmRSS:\t     812 kB\n";
        assert_eq!((kib(status, "VmRSS:"), kib(status, "VmHWM:")), (Some(812), Some(900)));
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_something() {
        let usage = Meter::new().unwrap().read(std::process::id()).unwrap();
        assert!(usage.resident_kib > 100);
    }
}
