//! Callers of HTTP/2 that no careful library would be, frame by frame (RFC 9113 §4.1).

use std::{path::Path, sync::Arc, time::Duration};

use keyferry_proxy::ProxyConfig;
use reqwest::{Certificate, Client};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    support::*,
    tls::{certify, secure},
};

const NAME: &str = "proxy.example";
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
/// Of SETTINGS and PING.
const ACK: u8 = 1;
/// Of HEADERS.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const INITIAL_WINDOW_SIZE: u8 = 4;

/// A caller that writes its own frames.
struct FrameCaller(TlsStream<TcpStream>);

// === impl FrameCaller ===

impl FrameCaller {
    /// Ends the TLS handshake and says nothing yet.
    async fn connect(proxy: &TestProxy, folder: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(folder.join("certificate")).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(proxy.address).await.unwrap();
        let name = ServerName::try_from(NAME).unwrap();
        Self(TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap())
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Says the preface, with a window for each stream.
    async fn begin(&mut self, window: u32) {
        self.say(PREFACE).await;
        let setting = [&[0, INITIAL_WINDOW_SIZE][..], &window.to_be_bytes()].concat();
        self.say(&frame(SETTINGS, 0, 0, &setting)).await;
    }

    async fn get(&mut self, stream: u32, path: &str) {
        // `:method: GET`, `:scheme: https`, and `:authority` and `:path` as they are (RFC 7541 §6).
        let text = |index: u8, value: &str| {
            [&[index, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat()
        };
        let head = [vec![0x82, 0x87], text(1, NAME), text(4, path)].concat();
        self.say(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &head)).await;
    }

    /// The kind of the next frame, which is answered if that is due; none once the connection has ended.
    async fn next(&mut self) -> Option<u8> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        if matches!(kind, SETTINGS | PING) && flags & ACK == 0 {
            let payload = if kind == PING { &payload[..] } else { &[] };
            self.0.write_all(&frame(kind, ACK, 0, payload)).await.ok()?;
        }
        Some(kind)
    }

    /// Reads on to a frame of this kind.
    async fn until(&mut self, wanted: u8) {
        let found = async { while self.next().await.expect("the connection has ended") != wanted {} };
        timeout(SOON, found).await.unwrap();
    }

    /// Reads on to the end of the connection, and answers nothing: an answer in the preface's place would end it at once.
    async fn ended_in_silence(&mut self) {
        let mut rest = Vec::new();
        // It ends without a word of TLS.
        _ = timeout(SOON, self.0.read_to_end(&mut rest)).await.expect("the connection is still there");
    }

    /// Reads on to the end of the connection.
    async fn ended(&mut self) {
        let end = async { while self.next().await.is_some() {} };
        timeout(SOON, end).await.expect("the connection is still there");
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A proxy with TLS, what its callers trust, and where that is.
async fn proxy(change: impl FnOnce(&mut ProxyConfig)) -> (TestProxy, Certificate, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = certify(folder.path(), NAME);
    let mut config = secure(&folder);
    change(&mut config);
    (start(config).await, certificate, folder)
}

#[tokio::test]
async fn who_ends_the_handshake_and_says_nothing_more_is_cut_in_time() {
    let (proxy, _, folder) = proxy(|config| config.limits.connections = 1).await;
    for said in [0, 10, 23] {
        let mut caller = FrameCaller::connect(&proxy, folder.path()).await;
        caller.say(&PREFACE[..said]).await;
        caller.ended_in_silence().await;
    }
    let mut caller = FrameCaller::connect(&proxy, folder.path()).await;
    caller.begin(65_535).await;
    // Each comes when the time for a head is over.
    caller.until(PING).await;
    caller.until(PING).await;
    caller.get(1, "/health").await;
    caller.until(HEADERS).await;
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_under_way_until_its_connection_is_cut() {
    // With a window of a byte an answer has left its handler, yet not the proxy.
    for window in [0, 1] {
        let (proxy, certificate, folder) = proxy(|config| {
            config.limits.requests = 1;
            config.limits.answer_wait = Duration::from_secs(2);
        })
        .await;
        let other = Client::builder().no_proxy().tls_certs_only([certificate]).resolve(NAME, proxy.address);
        let (other, url) =
            (other.build().unwrap(), format!("https://{NAME}:{}/oauth/providers", proxy.address.port()));
        let ask = async || send(other.get(&url)).await.status;
        assert_eq!(ask().await, 200);
        let mut deaf = FrameCaller::connect(&proxy, folder.path()).await;
        deaf.begin(window).await;
        deaf.get(1, "/oauth/providers").await;
        deaf.until(HEADERS).await;
        assert_eq!(ask().await, 503, "with a window of {window} it was under way no more");
        deaf.ended().await;
        until(async || ask().await == 200).await;
    }
}

#[tokio::test]
async fn answers_without_a_limit_of_requests_must_be_taken_too() {
    let (proxy, _, folder) = proxy(|config| config.limits.answer_wait = Duration::from_secs(1)).await;
    for path in ["/health", "/openapi.json", "/none"] {
        let mut deaf = FrameCaller::connect(&proxy, folder.path()).await;
        deaf.begin(0).await;
        deaf.get(1, path).await;
        deaf.until(HEADERS).await;
        deaf.ended().await;
    }
}
