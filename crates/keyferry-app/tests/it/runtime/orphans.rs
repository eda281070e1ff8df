//! That no server outlives an app that was killed.

#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::harness::{PATIENCE, ends, fixture, runs};

/// A process that is killed at the end of the test, whatever becomes of the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

struct App {
    process: Killed,
    said: BufReader<std::process::ChildStdout>,
    folder: tempfile::TempDir,
}

impl App {
    fn start(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(fixture())
            .args(["app", server])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process: Killed(process), said, folder }
    }

    fn next_server(&mut self) -> u32 {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }

    fn start_another(&mut self) -> u32 {
        self.process.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        self.next_server()
    }

    fn kill(&mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }
}

#[tokio::test]
async fn a_killed_app_leaves_no_server() {
    let mut app = App::start("unstoppable");
    let servers = [app.next_server(), app.start_another(), app.start_another()];
    assert!(servers.iter().all(|&pid| runs(pid)));
    app.kill();
    for pid in servers {
        ends(pid).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_killed_watchdog_is_replaced_and_told_everything_again() {
    let mut app = App::start("stubborn");
    let first = app.next_server();
    let watchdog = watchdog_of(&app).await;
    kill(watchdog);
    ends(watchdog).await;
    // A start comes back when the new watchdog knows of it, and so of all before it.
    let second = app.start_another();
    assert_ne!(watchdog_of(&app).await, watchdog);
    app.kill();
    ends(first).await;
    ends(second).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_watchdog_ends_after_its_work() {
    let mut app = App::start("echo");
    app.next_server();
    let watchdog = watchdog_of(&app).await;
    app.kill();
    ends(watchdog).await;
}

#[tokio::test]
async fn the_watchdog_ends_what_is_watched_and_leaves_what_is_forgotten() {
    let deaf = || Killed(Command::new(fixture()).arg("deaf").process_group(0).spawn().unwrap());
    let (watched, mut forgotten) = (deaf(), deaf());
    let mut watchdog = Killed(
        Command::new(fixture()).arg("watchdog").stdin(Stdio::piped()).process_group(0).spawn().unwrap(),
    );
    let mut orders = watchdog.0.stdin.take().unwrap();
    let (one, other) = (watched.0.id(), forgotten.0.id());
    write!(orders, "watch {one}\nwatch {other}\n\u{1b}garbage\nwatch 0\nwatch 1\nforget {other}\n").unwrap();
    drop(orders);
    let until = Instant::now() + PATIENCE;
    while watchdog.0.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "the watchdog does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ends(one).await;
    assert!(forgotten.0.try_wait().unwrap().is_none());
}

#[cfg(target_os = "linux")]
fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// The process that was started with `watchdog` and the app's folder, as soon as it is that program: orders wait for it in its pipe.
#[cfg(target_os = "linux")]
async fn watchdog_of(app: &App) -> u32 {
    let wanted = format!("\0watchdog\0{}\0", app.folder.path().display());
    let until = Instant::now() + PATIENCE;
    loop {
        let found = std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let arguments = std::fs::read(entry.path().join("cmdline")).ok()?;
            (runs(pid) && String::from_utf8_lossy(&arguments).ends_with(&wanted)).then_some(pid)
        });
        if let Some(pid) = found {
            return pid;
        }
        assert!(Instant::now() < until, "there is no watchdog");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
