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
    /// Gives a command a clock that is set by this file.
    pub(crate) fn of(command: &mut Command, file: PathBuf) -> Self {
        let library = LIBRARIES.into_iter().find(|library| Path::new(library).exists());
        fs::write(&file, "+0").unwrap();
        command.env("LD_PRELOAD", library.expect("`cargo xtask setup` installs faketime"));
        command.env("FAKETIME_TIMESTAMP_FILE", &file).env("FAKETIME_CACHE_DURATION", "1");
        Self(file)
    }

    /// Puts it forward by some minutes.
    pub(crate) fn forward(&self, minutes: u32) {
        // At once or not at all: the process reads it when it wants.
        let next = self.0.with_extension("next");
        fs::write(&next, format!("+{minutes}m")).unwrap();
        fs::rename(next, &self.0).unwrap();
    }
}
