//! MCP over the standard streams of a process.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command},
};

use serde_json::Value;

use super::way::Way;

pub(super) struct Stdio {
    child: Child,
    output: BufReader<ChildStdout>,
    others: Vec<u32>,
}

impl Stdio {
    /// Starts the process; the time of `others` counts with its own.
    pub(super) fn start(command: &mut Command, others: &[u32]) -> Result<Self, String> {
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("the server does not start: {error}"))?;
        let output = BufReader::new(child.stdout.take().ok_or("standard output is not piped")?);
        Ok(Self { child, output, others: others.to_vec() })
    }
}

impl Way for Stdio {
    fn ask(&mut self, message: &Value) -> Result<Value, String> {
        self.tell(message)?;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
                return Err("the server has ended".to_owned());
            }
            let answer: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
            if answer.get("id") == message.get("id") {
                return Ok(answer);
            }
        }
    }

    fn tell(&mut self, message: &Value) -> Result<(), String> {
        let input = self.child.stdin.as_mut().ok_or("standard input is not piped")?;
        input.write_all(format!("{message}\n").as_bytes()).map_err(|error| error.to_string())
    }

    fn processes(&self) -> Vec<u32> {
        [self.child.id()].into_iter().chain(self.others.iter().copied()).collect()
    }
}

impl Drop for Stdio {
    fn drop(&mut self) {
        // The end of its input is what ends a server.
        drop(self.child.stdin.take());
        _ = self.child.wait();
    }
}
