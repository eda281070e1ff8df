//! Processes that are started for a measurement, and that end with it.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Deserializer, Value};

/// Longest wait for a process to say where it listens.
const START: Duration = Duration::from_secs(15);

/// Longest wait for a process to end when asked to; then it is killed.
const END: Duration = Duration::from_secs(5);

/// A process at work. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
}

// === impl Process ===

impl Process {
    /// Starts a process.
    pub(super) fn start(name: &'static str, command: &mut Command) -> Result<Self, String> {
        let child = command.spawn().map_err(|error| format!("{name} does not start: {error}"))?;
        Ok(Self { name, child })
    }

    /// Starts a process that prints one JSON value as soon as it is ready.
    pub(super) fn start_told(name: &'static str, command: &mut Command) -> Result<(Self, Value), String> {
        let mut process = Self::start(name, command.stdout(Stdio::piped()))?;
        let out = process.child.stdout.take().ok_or("standard output is not piped")?;
        let (found, value) = mpsc::channel();
        // Reads to the end, so that the process never waits for a reader.
        thread::spawn(move || {
            for value in Deserializer::from_reader(BufReader::new(out)).into_iter().map_while(Result::ok) {
                let _ = found.send(value);
            }
        });
        let value = value.recv_timeout(START);
        Ok((
            process,
            value.map_err(|_| format!("{name} did not say that it is ready; its messages are above"))?,
        ))
    }

    /// Starts a process that prints where it listens, in JSON with an `address`.
    pub(super) fn start_announced(
        name: &'static str,
        command: &mut Command,
    ) -> Result<(Self, SocketAddr), String> {
        let mut process = Self::start(name, command.stdout(Stdio::piped()))?;
        let out = process.child.stdout.take().ok_or("standard output is not piped")?;
        let (found, address) = mpsc::channel();
        // Reads to the end, so that the process never waits for a reader.
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(address) = announced(&line) {
                    let _ = found.send(address);
                }
            }
        });
        let address = address
            .recv_timeout(START)
            .map_err(|_| format!("{name} did not say where it listens; its messages are above"))?;
        Ok((process, address))
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and kills it if it does not. A process that has children of its own must be asked: killed, it would leave
    /// them behind.
    fn end(&mut self) {
        drop(self.child.stdin.take());
        let _ = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        let asked = Instant::now();
        while asked.elapsed() < END {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        crate::step::say(&format!("{} did not end when asked; it is killed", self.name));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// The address in a line such as `"address": "http://127.0.0.1:7666",`.
fn announced(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once("\"address\"")?;
    let (_, address) = after.split_once("://")?;
    address.split('"').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_any_layout_of_json() {
        let address = "127.0.0.1:80".parse().ok();
        assert_eq!(announced(r#"{"address":"http://127.0.0.1:80"}"#), address);
        assert_eq!(announced(r#"  "address": "http://127.0.0.1:80","#), address);
        assert_eq!(announced(r#"  "proxy": "http://127.0.0.1:80","#), None);
    }

    #[test]
    fn a_process_ends_when_it_is_dropped() {
        let process = Process::start("cat", Command::new("cat").stdin(Stdio::piped())).unwrap();
        let id = process.id();
        drop(process);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }
}
