//! The app's answers: one message, or a stream of events (HTML, "Server-sent events") of which each is one.

use reqwest::{Response, header::CONTENT_TYPE};

/// The longest message of the app.
const LONGEST: usize = 64 * 1024 * 1024;

/// The messages of an answer, one after the other.
pub(super) struct Events {
    response: Response,
    is_stream: bool,
    /// What has come and is not used yet.
    rest: Vec<u8>,
    over: bool,
    /// The id of the last event, from which the app can go on.
    pub(super) last_id: Option<String>,
}

/// Why there are no more messages.
#[derive(Debug)]
pub(super) enum End {
    /// The answer is over.
    Complete,
    /// The connection broke, or what came is too long.
    Broken,
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        Self { response, is_stream, rest: Vec::new(), over: false, last_id: None }
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if self.is_stream
                && let Some(event) = take_event(&mut self.rest)
            {
                if let Some(id) = event.id {
                    self.last_id = Some(id);
                }
                if !event.data.is_empty() {
                    return Ok(event.data);
                }
                continue;
            }
            if self.over {
                return Err(End::Complete);
            }
            match self.response.chunk().await {
                Ok(Some(part)) if self.rest.len() + part.len() <= LONGEST => {
                    self.rest.extend_from_slice(&part);
                }
                Ok(None) => {
                    self.over = true;
                    if !self.is_stream && !self.rest.is_empty() {
                        return Ok(on_one_line(&std::mem::take(&mut self.rest)));
                    }
                }
                _ => return Err(End::Broken),
            }
        }
    }
}

struct Event {
    id: Option<String>,
    data: Vec<u8>,
}

/// Takes the first whole event, if one is there: its lines up to an empty one.
fn take_event(rest: &mut Vec<u8>) -> Option<Event> {
    let mut event = Event { id: None, data: Vec::new() };
    let (mut at, mut parts) = (0, Vec::new());
    loop {
        let line = rest.get(at..)?;
        let end = line.iter().position(|&byte| byte == b'\n')?;
        let line = line.get(..end)?;
        at += end + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let (field, value) = match line.iter().position(|&byte| byte == b':') {
            Some(colon) => (line.get(..colon)?, line.get(colon + 1..)?),
            None => (line, [].as_slice()),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => parts.push(value.to_vec()),
            b"id" => event.id = String::from_utf8(value.to_vec()).ok(),
            _ => {}
        }
    }
    // A line break within JSON stands between its tokens, where it means nothing.
    event.data = parts.join(b" ".as_slice());
    rest.drain(..at);
    Some(event)
}

fn on_one_line(message: &[u8]) -> Vec<u8> {
    message.iter().map(|&byte| if byte == b'\n' || byte == b'\r' { b' ' } else { byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_taken_whole_whatever_pieces_they_come_in() {
        let stream = b": ping\n\nid: 0\nretry: 3000\ndata:\n\nid: 1/2\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\ndata:{}\n\ndata: half";
        for size in [1, 3, 7, stream.len()] {
            let (mut rest, mut events) = (Vec::new(), Vec::new());
            for part in stream.chunks(size) {
                rest.extend_from_slice(part);
                while let Some(event) = take_event(&mut rest) {
                    events.push((event.id, String::from_utf8(event.data).unwrap()));
                }
            }
            let id = |id: &str| Some(id.to_owned());
            let expected = [
                (None, String::new()),
                (id("0"), String::new()),
                (id("1/2"), "{\"a\": 1}".to_owned()),
                (None, "{}".to_owned()),
            ];
            assert_eq!(events, expected, "in pieces of {size}");
            assert_eq!(rest, b"data: half");
        }
    }
}
