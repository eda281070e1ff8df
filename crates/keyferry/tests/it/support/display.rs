//! A display that nobody looks at, and a person at it: they click what can be seen and type into what has the focus.

use std::{
    io::Read as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use super::browser::pictures;

/// How long a window may take to look as it will.
const SETTLES_WITHIN: Duration = Duration::from_secs(5);

/// After how long a person tries again to close a window, and gives up.
const TRIES_AGAIN_AFTER: Duration = Duration::from_secs(3);
const GIVES_UP_AFTER: Duration = Duration::from_secs(40);

/// A display of its own.
pub(crate) struct Display {
    server: Child,
    name: String,
}

impl Display {
    pub(crate) fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1200x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`cargo xtask setup` installs Xvfb");
        let mut number = [0; 8];
        let read = server.stdout.as_mut().unwrap().read(&mut number).unwrap();
        let name = format!(":{}", String::from_utf8_lossy(&number[..read]).trim());
        Self { server, name }
    }

    /// What `DISPLAY` is for it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Presses keys, such as `ctrl+w`.
    pub(crate) fn key(&self, keys: &str) {
        self.person(&["key", keys]);
    }

    /// Types a text.
    pub(crate) fn write(&self, text: &str) {
        self.person(&["type", text]);
    }

    /// Clicks somewhere: 1 is the left button, 2 the middle one.
    pub(crate) fn click(&self, (x, y): (u32, u32), button: u32) {
        let [x, y, button] = [x, y, button].map(|number| number.to_string());
        self.person(&["mousemove", &x, &y, "click", &button]);
    }

    /// Closes the one window that is there in a way of this person's. They try again while it stands: what comes before a window has the
    /// focus is lost.
    pub(crate) fn close(&self, way: impl Fn(&Self)) {
        let begun = Instant::now();
        while self.corner().is_some() {
            assert!(begun.elapsed() < GIVES_UP_AFTER, "the window can't be closed");
            way(self);
            let tried = Instant::now();
            while self.corner().is_some() && tried.elapsed() < TRIES_AGAIN_AFTER {
                std::thread::sleep(Duration::from_millis(40));
            }
        }
    }

    /// The left upper corner of the one window that is there.
    pub(crate) fn corner(&self) -> Option<(u32, u32)> {
        let looks_for = ["search", "--onlyvisible", "--class", "chromium", "getwindowgeometry", "--shell"];
        let told = self.xdotool(&looks_for);
        let told = String::from_utf8(told.stdout).unwrap();
        let number = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)?.parse().ok());
        Some((number("X=")?, number("Y=")?))
    }

    fn person(&self, does: &[&str]) {
        let done = self.xdotool(does);
        assert!(done.status.success(), "{does:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn xdotool(&self, does: &[&str]) -> Output {
        let mut command = Command::new("xdotool");
        let done = command.args(does).env("DISPLAY", &self.name).output();
        done.expect("`cargo xtask setup` installs xdotool")
    }

    /// Keeps a picture of what is seen, once it moves no more.
    pub(crate) fn picture(&self, name: &str) {
        let (path, begun) = (pictures().join(format!("{name}.png")), Instant::now());
        let mut before = Vec::new();
        loop {
            let now = self.seen(&path);
            if now == before || begun.elapsed() > SETTLES_WITHIN {
                return;
            }
            before = now;
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    fn seen(&self, path: &Path) -> Vec<u8> {
        let mut command = Command::new("scrot");
        let taken = command.arg("--overwrite").arg(path).env("DISPLAY", &self.name).status();
        assert!(taken.expect("`cargo xtask setup` installs scrot").success());
        std::fs::read(path).unwrap()
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        _ = self.server.kill();
        _ = self.server.wait();
    }
}
