//! A host of files, as people put catalogs on: it knows what has not changed, and counts what it is asked.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::task::JoinHandle;

/// The host. Gone when dropped.
pub(crate) struct Host {
    address: SocketAddr,
    held: Arc<Held>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Held {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Where a path leads instead.
    elsewhere: Mutex<BTreeMap<String, String>>,
    asked: Mutex<Vec<(String, u16)>>,
}

impl Host {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let held = Arc::new(Held::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&held));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, held, serving }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.held.files.lock().unwrap().insert(path.to_owned(), content.into());
    }

    pub(crate) fn remove(&self, path: &str) {
        self.held.files.lock().unwrap().remove(path);
    }

    pub(crate) fn lead(&self, path: &str, to: String) {
        self.held.elsewhere.lock().unwrap().insert(path.to_owned(), to);
    }

    /// What was asked since the last look, and how it was answered.
    pub(crate) fn asked(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut *self.held.asked.lock().unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(held): State<Arc<Held>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    assert!(
        request.headers().get(header::AUTHORIZATION).is_none()
            && request.headers().get(header::COOKIE).is_none()
    );
    let response = found(&held, &path, &request);
    held.asked.lock().unwrap().push((path, response.status().as_u16()));
    response
}

fn found(held: &Held, path: &str, request: &Request) -> Response {
    if let Some(to) = held.elsewhere.lock().unwrap().get(path) {
        return (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response();
    }
    let Some(content) = held.files.lock().unwrap().get(path).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = format!("\"{}-{}\"", content.len(), content.iter().map(|byte| u64::from(*byte)).sum::<u64>());
    if request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, tag)], content).into_response()
}
