//! A provider of HTTP/2 frames in TLS (RFC 9113 §4.1): it reads each request whole, keeps its body, and writes whatever its script says.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
/// Of SETTINGS and PING.
const ACK: u8 = 1;
/// Of HEADERS and DATA.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// What every client says first.
const PREFACE: usize = 24;

/// What comes of a request.
pub(crate) enum Then {
    /// These frames.
    Frames(Vec<u8>),
    /// These, and the end of the connection.
    Ends(Vec<u8>),
    /// These, once the whole connection has stood still for so long.
    Late(Duration, Vec<u8>),
    /// Nothing any more on this connection, whatever comes.
    Silence,
}

/// The provider. Dropping it ends it.
pub(crate) struct FrameProvider {
    pub(crate) address: SocketAddr,
    bodies: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl FrameProvider {
    /// Asks the script what comes of each request, by its number from 0 and its stream.
    pub(crate) async fn start(
        tls: TlsAcceptor,
        script: impl Fn(usize, u32) -> Then + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (bodies, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (kept, count, script) = (Arc::clone(&bodies), Arc::clone(&connections), Arc::new(script));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, kept, count, script) =
                    (tls.clone(), Arc::clone(&kept), Arc::clone(&count), Arc::clone(&script));
                tokio::spawn(async move {
                    let stream = tls.accept(stream).await.ok()?;
                    count.fetch_add(1, Ordering::SeqCst);
                    speak(stream, &kept, &*script).await
                });
            }
        });
        Self { address, bodies, connections, task }
    }

    /// The bodies of the requests so far.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    /// The connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for FrameProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A good answer.
pub(crate) fn answered(stream: u32) -> Vec<u8> {
    // 0x88 is `:status: 200` (RFC 7541, appendix A).
    let head = frame(HEADERS, END_HEADERS, stream, &[0x88]);
    [head, frame(DATA, END_STREAM, stream, br#"{"access_token":"a"}"#)].concat()
}

/// The end of one stream.
pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

/// What this provider says at the end of a connection: its own text, which may repeat what it was sent.
pub(crate) const LAST_WORDS: &str = "canary-of-last-words";

/// The end of the connection for streams beyond the last.
pub(crate) fn go_away(last: u32, code: u32) -> Vec<u8> {
    let (last, code) = (last.to_be_bytes(), code.to_be_bytes());
    frame(GOAWAY, 0, 0, &[&last[..], &code, LAST_WORDS.as_bytes()].concat())
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

async fn speak(
    mut stream: TlsStream<TcpStream>,
    bodies: &Mutex<Vec<String>>,
    script: &(impl Fn(usize, u32) -> Then + Sync),
) -> Option<()> {
    let mut preface = [0; PREFACE];
    stream.read_exact(&mut preface).await.ok()?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.ok()?;
    let (mut open, mut silent) = (HashMap::<u32, Vec<u8>>::new(), false);
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload).await.ok()?;
        let id = u32::from_be_bytes(id);
        if kind == DATA || kind == HEADERS {
            let body = open.entry(id).or_default();
            if kind == DATA {
                body.extend(&payload);
            }
        }
        let reply = match kind {
            _ if silent => continue,
            SETTINGS | PING if flags & ACK == 0 => {
                frame(kind, ACK, 0, if kind == PING { &payload } else { &[] })
            }
            DATA | HEADERS if flags & END_STREAM != 0 => {
                let body = String::from_utf8(open.remove(&id).unwrap_or_default()).unwrap();
                let number = {
                    let mut bodies = bodies.lock().unwrap();
                    bodies.push(body);
                    bodies.len() - 1
                };
                match script(number, id) {
                    Then::Frames(frames) => frames,
                    Then::Late(time, frames) => {
                        sleep(time).await;
                        frames
                    }
                    Then::Ends(frames) => {
                        stream.write_all(&frames).await.ok()?;
                        stream.shutdown().await.ok()?;
                        return None;
                    }
                    Then::Silence => {
                        silent = true;
                        continue;
                    }
                }
            }
            _ => continue,
        };
        stream.write_all(&reply).await.ok()?;
    }
}
