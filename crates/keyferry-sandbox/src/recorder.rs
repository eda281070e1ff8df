//! The last token requests, as they came, so that a test can assert what a client really sent.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
};

use axum::http::{HeaderMap, Method, Uri, header};

use crate::form::Form;

/// One request to the token endpoint. `Debug` prints the names of its fields, never a value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// The `Content-Type` header, as it came.
    pub content_type: Option<String>,
    /// The kind of `Authorization` header.
    pub authorization: AuthorizationKind,
    /// The URL's query, if there was one.
    pub query: Option<String>,
    /// The body's fields in order, decoded; empty when the body is not form-encoded.
    pub fields: Vec<(String, String)>,
}

/// The kind of an `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationKind {
    /// There was no header.
    None,
    /// HTTP Basic.
    Basic,
    /// A bearer token.
    Bearer,
    /// Anything else.
    Other,
}

/// Keeps the last few requests.
#[derive(Debug)]
pub(crate) struct Recorder {
    requests: Mutex<VecDeque<RecordedRequest>>,
    most: usize,
}

// === impl RecordedRequest ===

impl RecordedRequest {
    /// The value of a field; the first one if it is repeated.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("RecordedRequest")
            .field("method", &self.method)
            .field("content_type", &self.content_type)
            .field("authorization", &self.authorization)
            .field("has_query", &self.query.is_some())
            .field("fields", &names)
            .finish()
    }
}

// === impl AuthorizationKind ===

impl AuthorizationKind {
    fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Self::None };
        let scheme = value.to_str().unwrap_or_default().split(' ').next().unwrap_or_default();
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => Self::Basic,
            "bearer" => Self::Bearer,
            _ => Self::Other,
        }
    }
}

// === impl Recorder ===

impl Recorder {
    pub(crate) fn new(most: usize) -> Self {
        Self { requests: Mutex::new(VecDeque::new()), most }
    }

    pub(crate) fn record(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) {
        let content_type = headers.get(header::CONTENT_TYPE);
        let request = RecordedRequest {
            method: method.to_string(),
            content_type: content_type.map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned()),
            authorization: AuthorizationKind::of(headers),
            query: uri.query().map(str::to_owned),
            fields: Form::parse(body).unwrap_or_default().into_fields(),
        };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push_back(request);
        while requests.len() > self.most {
            requests.pop_front();
        }
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
