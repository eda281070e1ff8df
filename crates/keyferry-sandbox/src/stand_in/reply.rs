//! A reply as it was recorded: status line, headers, an empty line, the body.

use std::fmt;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};

/// Headers that belong to the connection on which a reply was recorded; a server makes its own.
const OF_THE_CONNECTION: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
];

/// A recorded reply. An author's own holds real tokens, so `Debug` prints the status alone.
#[derive(Clone)]
pub struct RecordedReply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

/// Why a text is no recorded reply. Holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReply {
    /// The first line is no status line.
    #[error("the first line must be a status line, such as HTTP/1.1 200 OK")]
    StatusLine,
    /// A line before the empty one is no header.
    #[error("line {line} must be a header, such as content-type: application/json; an empty line ends them")]
    Header {
        /// The line.
        line: usize,
    },
}

impl RecordedReply {
    /// Reads a recorded reply. Lines may end in CR LF or LF.
    ///
    /// # Errors
    /// [`InvalidReply`] with what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidReply> {
        let (line, mut rest) = split_line(bytes);
        let status = status(line).ok_or(InvalidReply::StatusLine)?;
        let mut headers = Vec::new();
        for number in 2.. {
            if rest.is_empty() {
                break;
            }
            let (line, after) = split_line(rest);
            rest = after;
            if line.is_empty() {
                break;
            }
            let (name, value) = header(line).ok_or(InvalidReply::Header { line: number })?;
            if !OF_THE_CONNECTION.contains(&name) {
                headers.push((name, value));
            }
        }
        Ok(Self { status, headers, body: rest.to_vec() })
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Its body. It may hold tokens.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The names of the fields in its body, outermost first ones alone; none where it is neither JSON object nor form.
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        if let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(&self.body) {
            return object.keys().cloned().collect();
        }
        let form = crate::form::Form::parse(self.body.trim_ascii()).unwrap_or_default().into_fields();
        let plain =
            |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let names: Vec<_> = form.into_iter().map(|(name, _)| name).collect();
        if names.iter().all(plain) { names } else { Vec::new() }
    }

    /// Whether a value stands somewhere in the body.
    pub(super) fn holds(&self, value: &str) -> bool {
        let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let quoted = serde_json::Value::from(value).to_string();
        let quoted = quoted.trim_matches('"');
        let text = String::from_utf8_lossy(&self.body);
        !value.is_empty() && [value, &encoded, quoted].iter().any(|form| text.contains(form))
    }

    /// Whether a value stands somewhere in the body under this name.
    pub(super) fn holds_as(&self, name: &str, value: &str) -> bool {
        let form = || crate::form::Form::parse(self.body.trim_ascii()).unwrap_or_default().into_fields();
        match serde_json::from_slice(&self.body) {
            Ok(json) => holds_as(&json, name, value),
            Err(_) => form().iter().any(|(known, text)| known == name && text == value),
        }
    }

    pub(super) fn respond(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response
    }
}

impl fmt::Debug for RecordedReply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RecordedReply({})", self.status)
    }
}

fn holds_as(json: &serde_json::Value, name: &str, value: &str) -> bool {
    use serde_json::Value;
    match json {
        Value::Object(members) => members
            .iter()
            .any(|(known, found)| (known == name && found == value) || holds_as(found, name, value)),
        Value::Array(items) => items.iter().any(|item| holds_as(item, name, value)),
        _ => false,
    }
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = bytes.get(..end).unwrap_or_default();
    (line.strip_suffix(b"\r").unwrap_or(line), bytes.get(end + 1..).unwrap_or_default())
}

fn status(line: &[u8]) -> Option<StatusCode> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.strip_prefix("HTTP/")?.split(' ');
    words.next()?;
    words.next()?.parse().ok()
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let at = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(line.get(..at)?).ok()?;
    let value = HeaderValue::from_bytes(line.get(at + 1..)?.trim_ascii()).ok()?;
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_as_it_was_recorded() {
        for end in ["\n", "\r\n"] {
            let text =
                ["HTTP/1.1 200 OK", "Content-Type: application/json", "content-length: 3", "", "{\"a\":1}"];
            let reply = RecordedReply::parse(text.join(end).as_bytes()).unwrap();
            assert_eq!((reply.status(), reply.body.as_slice()), (200, &b"{\"a\":1}"[..]));
            assert_eq!(reply.headers.len(), 1, "the length is the server's to count");
            assert_eq!(reply.fields(), ["a"]);
        }
        assert_eq!(RecordedReply::parse(b"HTTP/2 204").unwrap().status(), 204);
        let form = RecordedReply::parse(b"HTTP/1.1 200 OK\n\naccess_token=a%2Bb&scope=x\n").unwrap();
        assert_eq!(form.fields(), ["access_token", "scope"]);
        assert!(form.holds("a+b") && !form.holds("other") && !form.holds(""));
        assert!(form.holds_as("access_token", "a+b") && !form.holds_as("scope", "a+b"));
        let deep = br#"{"data":[{"access_token":"a1","refresh_token":"r1"}]}"#;
        let deep = RecordedReply::parse(&[b"HTTP/1.1 200 OK\n\n", &deep[..]].concat()).unwrap();
        assert!(deep.holds_as("access_token", "a1") && !deep.holds_as("access_token", "r1"));
        assert_eq!(RecordedReply::parse(b"HTTP/1.1 200 OK\n\n<html>a=b</html>").unwrap().fields(), [""; 0]);
    }

    #[test]
    fn what_is_no_reply_is_told_by_its_line_and_not_shown() {
        for bad in ["", "{\"access_token\":\"canary\"}", "HTTP/1.1", "HTTP/1.1 abc"] {
            assert_eq!(RecordedReply::parse(bad.as_bytes()).unwrap_err(), InvalidReply::StatusLine, "{bad}");
        }
        let bad = b"HTTP/1.1 200 OK\na: b\n{\"access_token\"}\n";
        assert_eq!(RecordedReply::parse(bad).unwrap_err(), InvalidReply::Header { line: 3 });
        let canary = RecordedReply::parse(b"HTTP/1.1 200 OK\nx: canary\n\ncanary").unwrap();
        assert!(!format!("{canary:?}").contains("canary"));
    }
}
