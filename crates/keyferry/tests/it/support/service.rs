//! A part of the program that runs until it is told to end, and installs that wait for a person.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
    thread::JoinHandle,
};

use super::{Ran, World, terminate};

/// A running service, and the address that it printed. One that a failed test leaves behind is killed.
pub(crate) struct Service {
    pub(crate) url: String,
    child: Child,
    told: BufReader<ChildStdout>,
    log: Option<JoinHandle<String>>,
}

impl Service {
    /// Starts it, and waits for the line that names its address.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_with_log(command, Stdio::piped())
    }

    /// Likewise, with its log elsewhere.
    pub(crate) fn start_with_log(mut command: Command, log: Stdio) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let log = child.stderr.take().map(|mut log| {
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = log.read_to_string(&mut text);
                text
            })
        });
        let mut line = String::new();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let url =
            line.split(|c: char| c == ',' || c.is_whitespace()).find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
        Self { url, child, told, log }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits. Answers its exit code.
    pub(crate) fn end(self, world: &World) -> i32 {
        terminate(self.pid());
        self.wait(world)
    }

    pub(crate) fn wait(mut self, world: &World) -> i32 {
        let status = self.child.wait().unwrap();
        if let Some(log) = self.log.take() {
            world.note(&log.join().unwrap());
        }
        status.code().unwrap_or(-1)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Of one that was waited for, nothing is left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs an install, and has somebody play the person on the page that it names on standard error.
pub(super) async fn answered(world: &World, mut command: Command, person: impl AsyncFnOnce(String)) -> Ran {
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut stderr = String::new();
    let page = loop {
        let mut line = String::new();
        if told.read_line(&mut line).unwrap() == 0 {
            break None;
        }
        stderr.push_str(&line);
        if let Some(page) = line.split_whitespace().find(|word| word.contains("redirect_uri=")) {
            break Some(page.to_owned());
        }
    };
    if let Some(page) = page {
        person(page).await;
    }
    let rest = std::thread::spawn(move || {
        let mut rest = String::new();
        let _ = told.read_to_string(&mut rest);
        rest
    });
    let output = child.wait_with_output().unwrap();
    stderr.push_str(&rest.join().unwrap());
    // The page's address stands there for the person and holds a one-time state, spent by now.
    let ran = world.ran(output);
    world.note(&stderr);
    Ran { stderr, ..ran }
}
