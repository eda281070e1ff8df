//! MCP over HTTP, one connection, small enough to be written by hand.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use serde_json::Value;

use super::way::Way;

pub(super) struct Http {
    stream: BufReader<TcpStream>,
    address: String,
    head: String,
    session: String,
    process: u32,
}

impl Http {
    /// The way to an endpoint of this process.
    pub(super) fn new(address: &str, path: &str, token: Option<&str>, process: u32) -> Result<Self, String> {
        let authorization =
            token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\n{authorization}content-type: application/json\r\n\
             accept: application/json, text/event-stream\r\n"
        );
        let stream = connect(address)?;
        Ok(Self { stream, address: address.to_owned(), head, session: String::new(), process })
    }

    /// The body of the answer.
    fn post(&mut self, message: &Value) -> Result<String, String> {
        let body = message.to_string();
        let request = format!("{}{}content-length: {}\r\n\r\n{body}", self.head, self.session, body.len());
        let mut status = self.first_line(&request);
        if status.as_ref().is_ok_and(String::is_empty) || status.is_err() {
            // A connection that rested between two rounds may have been closed.
            self.stream = connect(&self.address)?;
            status = self.first_line(&request);
        }
        let status = status?;
        if !status.starts_with("HTTP/1.1 20") {
            return Err(format!("http://{} answered {status}", self.address));
        }
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().map_err(|_| "a length that is none")?,
                "transfer-encoding" => chunked = value == "chunked",
                "mcp-session-id" => self.session = format!("mcp-session-id: {value}\r\n"),
                _ => {}
            }
        }
        let mut body = String::new();
        if !chunked {
            return self.part(length);
        }
        loop {
            let size = usize::from_str_radix(&self.line()?, 16).map_err(|_| "a chunk without a size")?;
            body += &self.part(size)?;
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn first_line(&mut self, request: &str) -> Result<String, String> {
        self.stream.get_mut().write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        self.line()
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(|error| error.to_string())?;
        Ok(line.trim_end().to_owned())
    }

    fn part(&mut self, length: usize) -> Result<String, String> {
        let mut part = vec![0; length];
        self.stream.read_exact(&mut part).map_err(|error| error.to_string())?;
        String::from_utf8(part).map_err(|error| error.to_string())
    }
}

fn connect(address: &str) -> Result<BufReader<TcpStream>, String> {
    let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(BufReader::new(stream))
}

impl Way for Http {
    /// The answer comes as one message, or as an event among others.
    fn ask(&mut self, message: &Value) -> Result<Value, String> {
        let body = self.post(message)?;
        let said = |text: &str| serde_json::from_str::<Value>(text).ok();
        let events = body.lines().filter_map(|line| line.strip_prefix("data:")).filter_map(said);
        let mut answers = said(&body).into_iter().chain(events);
        answers
            .find(|answer| answer.get("id") == message.get("id"))
            .ok_or_else(|| format!("no answer in {body}"))
    }

    fn tell(&mut self, message: &Value) -> Result<(), String> {
        self.post(message).map(drop)
    }

    fn processes(&self) -> Vec<u32> {
        vec![self.process]
    }
}
