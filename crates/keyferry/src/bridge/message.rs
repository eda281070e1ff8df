//! What is read in a message. It is passed on as it came.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

/// Where a request names the version of the protocol, from 2026-07-28 on.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// A message of the client's or of the app's.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) method: Option<String>,
    pub(super) id: Option<Value>,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    pub(super) result: Value,
}

impl Message {
    pub(super) fn read(raw: &[u8]) -> Option<Self> {
        serde_json::from_slice(raw).ok()
    }

    pub(super) fn is_request(&self) -> bool {
        self.method.is_some() && self.id.is_some()
    }

    /// Whether it answers the request with this id.
    pub(super) fn answers(&self, id: &Value) -> bool {
        self.method.is_none() && self.id.as_ref() == Some(id)
    }

    pub(super) fn is(&self, method: &str) -> bool {
        self.method.as_deref() == Some(method)
    }

    /// The version that the message itself names: then there is no session.
    pub(super) fn own_version(&self) -> Option<&str> {
        self.params.get("_meta")?.get(VERSION_KEY)?.as_str()
    }

    /// The version that an answer to `initialize` settles.
    pub(super) fn settled_version(&self) -> Option<&str> {
        self.result.get("protocolVersion")?.as_str()
    }

    /// The request that a cancellation is about.
    pub(super) fn cancelled(&self) -> Option<&Value> {
        self.is("notifications/cancelled").then(|| self.params.get("requestId")).flatten()
    }

    /// The resource that a subscription is about.
    pub(super) fn uri(&self) -> Option<&str> {
        self.params.get("uri")?.as_str()
    }

    /// What HTTP repeats of a message that names its own version (MCP 2026-07-28, "Streamable HTTP").
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some(version) = self.own_version() else { return headers };
        let method = self.method.as_deref().unwrap_or_default();
        let key = match method {
            "tools/call" | "prompts/get" => "name",
            _ => "uri",
        };
        let name = self.params.get(key).and_then(Value::as_str);
        let pairs =
            [("mcp-protocol-version", Some(version)), ("mcp-method", Some(method)), ("mcp-name", name)];
        for (header, value) in pairs {
            if let Some(value) = value.and_then(header_value) {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
        headers
    }
}

/// A text that a header can't carry as it is travels in Base64 (the same, "Value encoding").
fn header_value(text: &str) -> Option<HeaderValue> {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && text.trim() == text
        && !(text.starts_with("=?base64?") && text.ends_with("?="));
    let text = if plain { text.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(text)) };
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(raw: &str) -> Vec<(String, String)> {
        let headers = Message::read(raw.as_bytes()).unwrap().headers();
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }

    #[test]
    fn a_message_of_a_session_needs_nothing_repeated() {
        assert!(
            headers(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#).is_empty()
        );
    }

    #[test]
    fn a_message_that_names_its_version_is_repeated_in_the_head() {
        let call = |name: &str| {
            format!(
                r#"{{"id":1,"method":"tools/call","params":{{"name":"{name}","_meta":{{"{VERSION_KEY}":"2026-07-28"}}}}}}"#
            )
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let [version, method] =
            [pair("mcp-protocol-version", "2026-07-28"), pair("mcp-method", "tools/call")];
        assert_eq!(headers(&call("add")), [version.clone(), method.clone(), pair("mcp-name", "add")]);
        assert_eq!(headers(&call("ü")), [version, method, pair("mcp-name", "=?base64?w7w=?=")]);
    }
}
