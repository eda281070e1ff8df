//! A request as it came, and what may be shown of it.

use std::fmt;

use axum::http::{HeaderMap, Method, Uri, header};
use serde::Serialize;
use serde_json::Value;

use super::demands::BodyFormat;
use crate::form::Form;

/// What stands in the place of a value that is not shown.
const MASK: &str = "[redacted]";

/// The part that a request has in the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The authorization request.
    Authorization,
    /// The code exchange.
    Token,
    /// A refresh.
    Refresh,
    /// A revocation.
    Revocation,
    /// The account's request.
    Account,
}

/// One request, as it may be shown: no value but plain configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeenRequest {
    /// Its part in the flow.
    pub part: Part,
    /// The method.
    pub method: String,
    /// The service's own URL, without the query.
    pub url: String,
    /// How the body is written; none without a body.
    pub format: Option<String>,
    /// How the client or the person's token is named.
    pub authorization: Option<String>,
    /// Names and values of all parameters; what is secret is masked.
    pub parameters: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
    /// The names of the fields in the answer.
    pub answered: Vec<String>,
    /// What the service would not have liked, in plain sentences.
    pub findings: Vec<String>,
}

/// A request, read. It holds secrets.
pub(super) struct Request {
    pub(super) method: Method,
    /// `HOST/PATH` of the service.
    pub(super) place: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Vec<(String, String)>,
    /// The body, where it is JSON.
    pub(super) json: Option<Value>,
    pub(super) format: Option<Format>,
    pub(super) headers: HeaderMap,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Known(BodyFormat),
    Other,
}

// === impl Request ===

impl Request {
    pub(super) fn read(method: Method, uri: &Uri, headers: HeaderMap, body: &[u8]) -> Self {
        let fields = |bytes: &[u8]| Form::parse(bytes).unwrap_or_default().into_fields();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let json = serde_json::from_slice(body).ok().filter(|_| kind == "application/json");
        let (format, body) = match kind {
            _ if body.is_empty() => (None, Vec::new()),
            "application/x-www-form-urlencoded" => (Some(Format::Known(BodyFormat::Form)), fields(body)),
            "application/json" => (Some(Format::Known(BodyFormat::Json)), json_fields(json.as_ref())),
            _ => (Some(Format::Other), Vec::new()),
        };
        Self {
            query: fields(uri.query().unwrap_or_default().as_bytes()),
            place: uri.path().trim_start_matches('/').to_owned(),
            method,
            body,
            json,
            format,
            headers,
        }
    }

    /// Parameters of query and body.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &(String, String)> {
        self.query.iter().chain(&self.body)
    }

    /// Whether one of them is called a token.
    pub(super) fn names_a_token(&self) -> bool {
        self.parameters().any(|(name, _)| is_token(name))
    }

    /// A parameter's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The token that authenticates it (RFC 6750 §2.1).
    pub(super) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What may be shown of it.
    pub(super) fn seen(&self, part: Part, url: String, plain: &[String]) -> SeenRequest {
        let shown = |(name, value): &(String, String)| {
            let value = if plain.contains(name) { value.as_str() } else { MASK };
            (name.clone(), value.to_owned())
        };
        let format = self.format.map(|format| match format {
            Format::Known(BodyFormat::Form) => "form".to_owned(),
            Format::Known(BodyFormat::Json) => "json".to_owned(),
            Format::Known(BodyFormat::None) => "nothing".to_owned(),
            Format::Other => "neither form nor JSON".to_owned(),
        });
        let scheme = |value: &str| format!("{} {MASK}", value.split(' ').next().unwrap_or_default());
        SeenRequest {
            part,
            method: self.method.to_string(),
            url,
            format,
            authorization: self.header("authorization").map(scheme),
            parameters: self.parameters().map(shown).collect(),
            status: 0,
            answered: Vec::new(),
            findings: Vec::new(),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Request({} {})", self.method, self.place)
    }
}

/// Whether a parameter of this name carries a token.
pub(super) fn is_token(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("token") && name != "token_type_hint"
}

fn json_fields(json: Option<&Value>) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let members = json.and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (name.clone(), text(value))).collect()
}
