//! A web site on loopback, which remembers who came: a service with a login page, its identity provider, or a foreigner.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::Response,
    serve::ListenerExt as _,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A site that has its address, and answers nothing yet.
pub(crate) struct Bound {
    pub(crate) origin: String,
    listener: TcpListener,
}

/// A site that answers.
pub(crate) struct Site {
    pub(crate) origin: String,
    heard: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

/// What a page is told of its request.
pub(crate) struct Asked<'a> {
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

impl Bound {
    /// A site named `host` below `localhost`, which every browser takes for this machine.
    pub(crate) async fn new(host: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { origin: format!("http://{host}.localhost:{port}"), listener }
    }

    pub(crate) fn serve(self, page: impl Fn(Asked<'_>) -> Response + Send + Sync + 'static) -> Site {
        let (heard, connections) = (Arc::new(Mutex::default()), Arc::new(AtomicUsize::new(0)));
        let (hears, page) = (Arc::clone(&heard), Arc::new(page));
        let router = Router::new().fallback(move |request: Request| {
            let asked = Asked { path: request.uri().path(), headers: request.headers() };
            let heard: &Mutex<Vec<String>> = &hears;
            heard.lock().unwrap().push(format!("{} {}", request.method(), asked.path));
            let answer = page(asked);
            async move { answer }
        });
        let counts = Arc::clone(&connections);
        let listener = self.listener.tap_io(move |_| _ = counts.fetch_add(1, Ordering::SeqCst));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Site { origin: self.origin, heard, connections, serving }
    }
}

impl Site {
    /// The requests, in their order.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// How often somebody connected, whether a request followed or not.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn html(body: &str) -> Response {
    let body = format!("<!doctype html><meta charset=utf-8><title>Acme</title><body>{body}</body>");
    Response::builder().header(header::CONTENT_TYPE, "text/html").body(Body::from(body)).unwrap()
}

pub(crate) fn redirect(to: &str, cookies: &[&str]) -> Response {
    let mut response = Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, to);
    for cookie in cookies {
        response = response.header(header::SET_COOKIE, *cookie);
    }
    response.body(Body::empty()).unwrap()
}

pub(crate) fn missing() -> Response {
    Response::builder().status(StatusCode::NOT_FOUND).body(Body::from("nothing here")).unwrap()
}
