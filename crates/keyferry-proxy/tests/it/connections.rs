//! Connections that no careful caller makes.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::*;

const HEAD: &str = "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

/// Sends bytes and reads until the proxy closes, which it must do soon.
async fn raw(proxy: &TestProxy, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    // The proxy may well close before it has read all of it.
    let _ = stream.write_all(bytes).await;
    let mut reply = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut reply)).await.unwrap();
    String::from_utf8_lossy(&reply).into_owned()
}

async fn short() -> (keyferry_sandbox::Sandbox, TestProxy) {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.limits = short_limits();
    let proxy = start(config).await;
    (sandbox, proxy)
}

#[tokio::test]
async fn a_head_or_body_that_never_ends_is_cut_in_time() {
    let (_sandbox, proxy) = short().await;
    let idle = raw(&proxy, b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(idle.starts_with("HTTP/1.1 200"), "{idle}");
    let heads = ["", "P", HEAD, "POST /oauth/token HTTP/1.1\r\nx: "];
    let heads = join_all(heads.map(|bytes| raw(&proxy, bytes.as_bytes()))).await;
    for reply in heads {
        assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 408"), "{reply}");
    }
    let bodies = [
        "content-length: 100\r\n\r\n{",
        "transfer-encoding: chunked\r\n\r\n5\r\n{\"a",
        "expect: 100-continue\r\ncontent-length: 10\r\n\r\n",
    ];
    let bodies = bodies.map(|rest| format!("{HEAD}{rest}"));
    for reply in join_all(bodies.iter().map(|bytes| raw(&proxy, bytes.as_bytes()))).await {
        assert!(reply.contains("HTTP/1.1 408"), "{reply}");
    }
    assert_eq!(proxy.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_long_body_is_refused_by_its_announcement_or_cut_at_the_limit() {
    let (_sandbox, proxy) = short().await;
    let announced = raw(&proxy, format!("{HEAD}content-length: 10485760\r\n\r\n").as_bytes()).await;
    assert!(announced.starts_with("HTTP/1.1 413"), "{announced}");
    let expected = format!("{HEAD}expect: 100-continue\r\ncontent-length: 10485760\r\n\r\n");
    let reply = raw(&proxy, expected.as_bytes()).await;
    assert!(reply.starts_with("HTTP/1.1 413"), "asked for the body first: {reply}");
    let mut chunks = format!("{HEAD}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..160 {
        chunks.extend_from_slice(b"10000\r\n");
        chunks.extend_from_slice(&[b' '; 0x10000]);
        chunks.extend_from_slice(b"\r\n");
    }
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let (mut from, mut to) = stream.split();
    let write = async {
        let _ = to.write_all(&chunks).await;
    };
    let mut first = [0; 12];
    let (_, read) = timeout(SOON, async { tokio::join!(write, from.read_exact(&mut first)) }).await.unwrap();
    assert!(read.is_err() || &first == b"HTTP/1.1 413");
}

#[tokio::test]
async fn heads_that_two_readers_could_read_differently_are_refused() {
    let (sandbox, proxy) = short().await;
    let body = refreshment("sandbox", "t").to_string();
    let length = body.len();
    let table = [
        format!("{HEAD}content-length: {length}\r\ncontent-length: 5\r\n\r\n{body}"),
        format!("{HEAD}content-length: +{length}\r\n\r\n{body}"),
        format!("{HEAD}content-length: {length}, 5\r\n\r\n{body}"),
        format!("{HEAD}content-length: {length}\r\nx: a\r\n  folded\r\n\r\n{body}"),
        format!("{HEAD}content-length : {length}\r\n\r\n{body}"),
        format!("{HEAD}x: a\0b\r\ncontent-length: {length}\r\n\r\n{body}"),
        format!("{HEAD}transfer-encoding: identity\r\ncontent-length: {length}\r\n\r\n{body}"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(20_000)),
        format!("GET /health HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(100)),
        format!("GET /health HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "b".repeat(20_000)),
    ];
    for bytes in &table {
        let reply = raw(&proxy, bytes.as_bytes()).await;
        let shown: String = bytes.chars().take(200).collect();
        assert!(reply.starts_with("HTTP/1.1 4") || reply.is_empty(), "{shown}: {reply}");
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
    // With both, the chunks win and the connection ends (RFC 9112 §6.3): nothing can hide behind the body.
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    let both = format!("{HEAD}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}");
    let reply = raw(&proxy, both.as_bytes()).await;
    assert!(reply.matches("HTTP/1.1 ").count() <= 1, "{reply}");
}

#[tokio::test]
async fn an_absolute_uri_and_a_foreign_host_lead_nowhere_else() {
    let (_sandbox, proxy) = short().await;
    let bytes =
        "GET http://evil.test/health HTTP/1.1\r\nhost: evil.test\r\nconnection: close, authorization\r\n\r\n";
    let reply = raw(&proxy, bytes.as_bytes()).await;
    assert!(reply.starts_with("HTTP/1.1 200") && reply.contains("\"ok\""), "{reply}");
    let connect = "CONNECT evil.test:443 HTTP/1.1\r\nhost: evil.test\r\n\r\n";
    assert!(raw(&proxy, connect.as_bytes()).await.starts_with("HTTP/1.1 40"));
    let upgrade = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
    assert!(raw(&proxy, upgrade.as_bytes()).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_until_one_ends() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.limits = short_limits();
    config.limits.connections = 2;
    config.limits.head = Duration::from_secs(600);
    let proxy = start(config).await;
    let idle = TcpStream::connect(proxy.address).await.unwrap();
    let _other = TcpStream::connect(proxy.address).await.unwrap();
    let mut third = TcpStream::connect(proxy.address).await.unwrap();
    third.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    assert!(timeout(Duration::from_millis(200), third.read_to_string(&mut reply)).await.is_err());
    drop(idle);
    timeout(SOON, third.read_to_string(&mut reply)).await.unwrap().unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

#[tokio::test]
async fn many_parameters_and_chosen_names_cost_no_time() {
    let (sandbox, proxy) = short().await;
    let many: String = (0..2_000).map(|n| format!("p{n}=&")).collect();
    let deep = format!("{{\"code\":{}", "[".repeat(16_000));
    for (kind, body) in [("application/x-www-form-urlencoded", many), ("application/json", deep)] {
        let reply =
            send(http().post(proxy.url("/oauth/token")).header("content-type", kind).body(body)).await;
        assert_eq!(reply.error(), error(400, "invalid_request"));
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
}

#[tokio::test]
async fn a_caller_that_reads_no_answers_is_cut_in_time() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.limits = short_limits();
    config.limits.connections = 1;
    let proxy = start(config).await;
    let mut deaf = TcpStream::connect(proxy.address).await.unwrap();
    // More answers than the buffers on the way can hold.
    let asked = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
    let ask = async { while deaf.write_all(&asked).await.is_ok() {} };
    timeout(SOON, ask).await.unwrap();
    assert_eq!(proxy.get("/health").await.status, 200);
}

#[tokio::test]
async fn one_peer_can_not_take_all_connections() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.limits.head = Duration::from_secs(600);
    config.limits.connections = 3;
    config.limits.connections_per_peer = 2;
    let proxy = start(config).await;
    let one = TcpStream::connect(proxy.address).await.unwrap();
    let _other = TcpStream::connect(proxy.address).await.unwrap();
    let mut third = TcpStream::connect(proxy.address).await.unwrap();
    let mut reply = String::new();
    let _ = timeout(SOON, third.read_to_string(&mut reply)).await.unwrap();
    assert!(reply.is_empty(), "{reply}");
    // Elsewhere loopback is one address.
    if cfg!(target_os = "linux") {
        let neighbour = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let neighbour = neighbour.local_address(std::net::IpAddr::from([127, 0, 0, 2])).build().unwrap();
        assert_eq!(send(neighbour.get(proxy.url("/health"))).await.status, 200);
    }
    drop(one);
    until(async || http().get(proxy.url("/health")).send().await.is_ok()).await;
}
