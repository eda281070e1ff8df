//! A clock that one process has for itself, and that a test puts forward.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Debian keeps what stands between a process and its clock.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];

/// A process's own clock.
pub(crate) struct OwnClock(PathBuf);

impl OwnClock {
    /// Gives a command a clock that is set by this file. None, said loudly, where there is no faketime; in CI that fails the test.
    pub(crate) fn of(command: &mut Command, file: PathBuf) -> Option<Self> {
        let Some(library) = LIBRARIES.into_iter().find(|library| Path::new(library).exists()) else {
            println!("not run: there is no faketime; see `cargo xtask setup`");
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: there is no faketime");
            return None;
        };
        fs::write(&file, "+0").unwrap();
        command.env("LD_PRELOAD", library);
        command.env("FAKETIME_TIMESTAMP_FILE", &file).env("FAKETIME_CACHE_DURATION", "1");
        Some(Self(file))
    }

    /// Gives a command one by which its timers run on, as they do where the clock on the wall is set.
    pub(crate) fn on_the_wall(command: &mut Command, file: PathBuf) -> Option<Self> {
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Self::of(command, file)
    }

    /// Puts it forward by some minutes.
    pub(crate) fn forward(&self, minutes: u32) {
        self.jump(&format!("+{minutes}m"));
    }

    /// Has it differ from the true one by this, such as `-5h`.
    pub(crate) fn jump(&self, by: &str) {
        // At once or not at all: the process reads it when it wants.
        let next = self.0.with_extension("next");
        fs::write(&next, by).unwrap();
        fs::rename(next, &self.0).unwrap();
    }
}
