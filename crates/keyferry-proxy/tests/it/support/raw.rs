//! A provider of raw bytes: it reads each request whole, keeps it, and answers whatever its script says.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};

/// The provider. Dropping it ends it.
pub(crate) struct RawProvider {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// What holds the answers of a gated provider back.
#[derive(Clone)]
pub(crate) struct Gate {
    /// One permit for each answer.
    pub(crate) open: Arc<Semaphore>,
    asked: Arc<Semaphore>,
}

impl Gate {
    /// Waits for the next request.
    pub(crate) async fn asked(&self) {
        self.asked.acquire().await.unwrap().forget();
    }
}

impl RawProvider {
    /// Hands every request's connection to `script`, which gets it back request by request as long as it returns it.
    pub(crate) async fn start<F, W>(script: F) -> Self
    where
        F: Fn(TcpStream) -> W + Clone + Send + 'static,
        W: Future<Output = Option<TcpStream>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (kept, count) = (Arc::clone(&requests), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (script, kept) = (script.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    while let Some(request) = read_request(&mut stream).await {
                        kept.lock().unwrap().push(request);
                        let Some(back) = script(stream).await else { return };
                        stream = back;
                    }
                });
            }
        });
        Self { address, requests, connections, task }
    }

    /// Answers every request with these bytes, and keeps the connection.
    pub(crate) async fn answering(reply: impl Into<Vec<u8>>) -> Self {
        let reply = Arc::new(reply.into());
        Self::start(move |mut stream| {
            let reply = Arc::clone(&reply);
            async move { stream.write_all(&reply).await.ok().map(|()| stream) }
        })
        .await
    }

    /// Answers every request with these bytes, and closes the connection.
    pub(crate) async fn answering_once(reply: impl Into<Vec<u8>>) -> Self {
        let reply = Arc::new(reply.into());
        Self::start(move |mut stream| {
            let reply = Arc::clone(&reply);
            async move {
                let _ = stream.write_all(&reply).await;
                let _ = stream.shutdown().await;
                None
            }
        })
        .await
    }

    /// Answers each request once the gate lets it.
    pub(crate) async fn gated() -> (Self, Gate) {
        let gate = Gate { open: Arc::new(Semaphore::new(0)), asked: Arc::new(Semaphore::new(0)) };
        let passed = gate.clone();
        let provider = Self::start(move |mut stream| {
            let gate = passed.clone();
            async move {
                gate.asked.add_permits(1);
                gate.open.acquire().await.unwrap().forget();
                let reply = json("200 OK", r#"{"access_token":"a"}"#);
                stream.write_all(reply.as_bytes()).await.ok().map(|()| stream)
            }
        })
        .await;
        (provider, gate)
    }

    /// The provider file `acme` for it, with further lines of `[token]`.
    pub(crate) fn file(&self, token: &str) -> String {
        let base = format!("http://{}", self.address);
        format!(
            "display_name = \"Acme\"\n[authorization]\nendpoint = \"https://acme.example/authorize\"\n\
             [token]\nendpoint = \"{base}/token\"\n{token}\n[revocation]\nendpoint = \"{base}/revoke\"\n"
        )
    }

    /// The requests so far, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for RawProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A JSON reply.
pub(crate) fn json(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}
