//! A receiver of OTLP over HTTP. It decodes with the types generated from the official definitions.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};
use keyferry_proxy::{ProxyConfig, TraceExport};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span},
};
use prost::Message;
use tokio::{net::TcpListener, task::JoinHandle};

use super::*;

/// The collector. Dropping it ends it.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    inside: Arc<Inside>,
    task: JoinHandle<()>,
}

struct Inside {
    answer: Mutex<Answer>,
    exports: Mutex<Vec<Export>>,
}

/// What it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Taken,
    /// Taken, but for so many.
    Rejected(i64),
    Status(u16),
    Never,
}

/// What it was sent, whatever it answered.
#[derive(Debug, Clone)]
pub(crate) struct Export {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener)
    }

    pub(crate) fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let inside = Arc::new(Inside { answer: Mutex::new(Answer::Taken), exports: Mutex::default() });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inside));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, inside, task }
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.inside.answer.lock().unwrap() = answer;
    }

    pub(crate) fn exports(&self) -> Vec<Export> {
        self.inside.exports.lock().unwrap().clone()
    }

    /// All spans so far, in the order in which they ended.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let all = self.exports().into_iter().flat_map(|export| export.resources());
        all.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The spans, once there are so many.
    pub(crate) async fn spans_once(&self, count: usize) -> Vec<Span> {
        until(async || self.spans().len() >= count).await;
        let spans = self.spans();
        assert_eq!(spans.len(), count, "{spans:#?}");
        spans
    }

    /// Has a proxy send its spans here, soon.
    pub(crate) fn of(&self, config: &mut ProxyConfig) {
        config.traces = Some(export_to(self.address));
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Export {
    pub(crate) fn resources(&self) -> Vec<ResourceSpans> {
        ExportTraceServiceRequest::decode(&*self.body).unwrap().resource_spans
    }
}

/// Spans to this address, soon.
pub(crate) fn export_to(address: SocketAddr) -> TraceExport {
    let endpoint: Uri = format!("http://{address}/v1/traces").parse().unwrap();
    TraceExport { pause: Duration::from_millis(20), ..TraceExport::new(endpoint) }
}

/// An attribute as text; a number by its digits.
pub(crate) fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.clone()?.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}

async fn receive(State(inside): State<Arc<Inside>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    inside.exports.lock().unwrap().push(Export { path: uri.path().to_owned(), headers, body });
    let answer = *inside.answer.lock().unwrap();
    let partial_success = match answer {
        Answer::Taken => None,
        Answer::Rejected(rejected_spans) => {
            Some(ExportTracePartialSuccess { rejected_spans, error_message: "canary".to_owned() })
        }
        Answer::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Never => std::future::pending().await,
    };
    ExportTraceServiceResponse { partial_success }.encode_to_vec().into_response()
}
