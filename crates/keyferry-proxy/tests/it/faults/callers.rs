//! What callers do, and what comes of it.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::GOOD;
use crate::support::{
    raw::{RawProvider, json},
    *,
};

const HEAD: &str = "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

pub(super) fn faults() -> Vec<(&'static str, Vec<u8>)> {
    let text = |rest: &str| format!("{HEAD}{rest}").into_bytes();
    vec![
        ("sends nothing", Vec::new()),
        ("a head that never ends", b"POST /oauth/token HTTP/1.1\r\nx: ".to_vec()),
        ("a body that never ends", text("content-length: 100\r\n\r\n{")),
        ("chunks that never end", text("transfer-encoding: chunked\r\n\r\n5\r\n{\"a")),
        ("a body that is waited for (Expect)", text("expect: 100-continue\r\ncontent-length: 10\r\n\r\n")),
        ("10 MB announced", text("content-length: 10485760\r\n\r\n")),
        ("100 KB of headers", text(&format!("x: {}\r\n\r\n", "a".repeat(100_000)))),
        ("1,000 headers", text(&format!("{}\r\n", "x: y\r\n".repeat(1_000)))),
        ("a URI of 100 KB", format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000)).into_bytes()),
        ("both lengths, of which chunks count", text("content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        (
            "both lengths, and a request hidden behind",
            text("content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n"),
        ),
        ("two lengths", text("content-length: 2\r\ncontent-length: 3\r\n\r\n{}")),
        ("a length that is no number", text("content-length: +2\r\n\r\n{}")),
        ("a folded header", text("x: a\r\n b\r\ncontent-length: 2\r\n\r\n{}")),
        ("a NUL in a header", text("x: a\0b\r\n\r\n")),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_vec()),
        ("garbage behind a request", b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n\0\0garbage\r\n\r\n".to_vec()),
        ("an upgrade to HTTP/2", b"GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n".to_vec()),
        ("HTTP/2 outside of TLS", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("compressed", text("content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}")),
        ("no JSON", text("content-length: 1\r\nconnection: close\r\n\r\n{")),
        ("a page posts", text("origin: https://evil.test\r\ncontent-length: 2\r\n\r\n{}")),
    ]
}

pub(super) async fn told_of(bytes: &[u8]) -> [String; 4] {
    let provider = RawProvider::answering(json("200 OK", GOOD)).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits = short_limits();
    let proxy = start(config).await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut reply = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut reply)).await.unwrap();
    let reply = String::from_utf8_lossy(&reply).into_owned();
    assert!(provider.requests().is_empty(), "the provider heard of it");
    assert_eq!(proxy.get("/health").await.status, 200);
    let last = reply.split("HTTP/1.1 ").find(|part| !part.is_empty() && !part.starts_with("100"));
    let status = last.map_or("closed", |part| &part[..3]).to_owned();
    let error =
        reply.split("\"error\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("").to_owned();
    let metrics = proxy.get("/metrics").await.text();
    let counted = metrics.lines().find_map(|line| {
        let labels = line.strip_prefix("keyferry_proxy_requests_total{")?;
        let own = !labels.contains("/health") && !labels.contains("/metrics");
        own.then(|| labels.split("outcome=\"").nth(1)?.split('"').next().map(str::to_owned))?
    });
    [status, error, String::new(), counted.unwrap_or_default()]
}
