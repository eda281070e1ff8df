//! One who listens to the app's events, as a browser does.

use std::time::Duration;

use keyferry_app::App;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::client;

const PATIENCE: Duration = Duration::from_secs(30);

/// A stream of server-sent events, read to the letter.
pub(crate) struct Listener {
    response: Response,
    unread: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Listener {
    /// Begins to listen, after the event of this id where there is one.
    pub(crate) async fn of(app: &App, query: &str, after: Option<&str>) -> Result<Self, StatusCode> {
        let address = format!("http://{}/api/v1/events{query}", app.address());
        let mut request = client().get(address).bearer_auth(app.api_token().expose_secret());
        if let Some(id) = after {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        if response.status() != StatusCode::OK {
            return Err(response.status());
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self { response, unread: String::new() })
    }

    /// The next event; none when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                match read(&event) {
                    Some(heard) => return Some(heard),
                    None => continue,
                }
            }
            let chunk =
                tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an event in time");
            self.unread.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }

    /// The next event about a thing of this kind and name.
    pub(crate) async fn about(&mut self, kind: &str, name: &str) -> Heard {
        loop {
            let heard = self.next().await.expect("the stream goes on");
            assert_ne!(heard.name, "reload");
            if heard.name == kind && (heard.data["name"] == name || name.is_empty()) {
                return heard;
            }
        }
    }
}

/// An event; none for a comment.
fn read(text: &str) -> Option<Heard> {
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
    };
    let data = serde_json::from_str(&field("data")?).unwrap();
    Some(Heard { name: field("event").unwrap(), id: field("id").unwrap(), data })
}
