//! The table of faults in `docs/proxy-faults.md`: each one is brought about here, and what came of it is what the page says.
//!
//! With `KEYFERRY_WRITE_DOCS=1` the page is written; without, it must be as it would be written.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::support::{
    raw::{RawProvider, json},
    *,
};

const GOOD: &str = r#"{"access_token":"a"}"#;
const HEAD: &str = "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

/// What a provider does once it has read a request.
enum Does {
    /// It answers these bytes.
    Answers(Vec<u8>),
    /// It answers these, and closes.
    Breaks(Vec<u8>),
    /// It begins with these, and then sends a byte now and again.
    Drips(&'static str),
    /// It begins with these, and then sends and sends.
    Floods(&'static str, &'static str),
    /// It reads, and says nothing.
    Stalls,
    /// Nobody is there.
    IsGone,
    /// It has a name that does not exist.
    HasNoName,
    /// It speaks plainly where it should speak TLS.
    SpeaksPlainly,
}

fn header(line: &str) -> Does {
    let text = format!("HTTP/1.1 200 OK\r\n{line}\r\ncontent-length: {}\r\n\r\n{GOOD}", GOOD.len());
    Does::Answers(text.into_bytes())
}

fn answer(status: &str, body: &str) -> Does {
    Does::Answers(json(status, body).into_bytes())
}

fn provider_faults() -> Vec<(&'static str, Does)> {
    use Does::*;
    let gzip: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00";
    vec![
        ("nobody listens", IsGone),
        ("its name does not exist", HasNoName),
        ("no TLS where TLS is expected", SpeaksPlainly),
        ("closes before the head", Breaks(Vec::new())),
        ("closes within the head", Breaks(b"HTTP/1.1 200 O".to_vec())),
        ("closes after the head", Breaks(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n".to_vec())),
        ("closes within the body", Breaks(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"acc".to_vec())),
        ("never answers", Stalls),
        ("drips the head", Drips("HTTP/1.1 200 OK\r\nx: ")),
        ("drips the body", Drips("HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n{")),
        ("a body without end", Floods("HTTP/1.1 200 OK\r\n\r\n", "aaaaaaaaaaaaaaaa")),
        (
            "chunks without end",
            Floods(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                "40\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
            ),
        ),
        ("100 MB", Floods("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n", "aaaaaaaaaaaaaaaa")),
        ("a head without end", Floods("HTTP/1.1 200 OK\r\n", "x: aaaaaaaaaaaa\r\n")),
        ("heads of 100 without end", Floods("", "HTTP/1.1 100 Continue\r\n\r\n")),
        ("a compressed body (a bomb or not)", Answers(gzip.to_vec())),
        ("a bad chunk", Answers(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec())),
        ("no HTTP at all", Answers(b"SSH-2.0-x\r\n\r\n".to_vec())),
        ("301", header_of("301 Moved")),
        ("307", header_of("307 Elsewhere")),
        ("HTML with 200", answer("200 OK", "<html>")),
        ("HTML with 403", answer("403 Forbidden", "<html>")),
        ("an empty body", answer("200 OK", "")),
        ("truncated JSON", answer("200 OK", r#"{"access_token":"a"#)),
        ("a list", answer("200 OK", "[1]")),
        ("the same key twice", answer("200 OK", r#"{"access_token":"a","access_token":"b"}"#)),
        (
            "invalid UTF-8",
            Answers(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"access_token\":\"\xff\"}".to_vec()),
        ),
        ("lines in a token", answer("200 OK", r#"{"access_token":"a\r\nb"}"#)),
        ("token_type mac", answer("200 OK", r#"{"access_token":"a","token_type":"mac"}"#)),
        ("expires_in as text", answer("200 OK", r#"{"access_token":"a","expires_in":"3600"}"#)),
        ("expires_in negative", answer("200 OK", r#"{"access_token":"a","expires_in":-1}"#)),
        ("expires_in huge", answer("200 OK", r#"{"access_token":"a","expires_in":1e300}"#)),
        ("Set-Cookie", header("set-cookie: a=b")),
        ("invalid_grant with 400", answer("400 Bad Request", r#"{"error":"invalid_grant"}"#)),
        ("invalid_grant with 200", answer("200 OK", r#"{"error":"bad_refresh_token"}"#)),
        ("invalid_client with 401", answer("401 Unauthorized", r#"{"error":"invalid_client"}"#)),
        ("429 without Retry-After", answer("429 Slow down", "")),
        (
            "429 with Retry-After",
            Answers(b"HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ),
        ("500", answer("500 Oops", r#"{"error":"invalid_grant"}"#)),
        ("502", answer("502 Bad", "")),
        ("503", answer("503 Later", "")),
        ("504", answer("504 Slow", "")),
    ]
}

fn header_of(status: &str) -> Does {
    let text = format!("HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    Does::Answers(text.into_bytes())
}

async fn provider(does: &Does) -> RawProvider {
    match does {
        Does::Answers(bytes) => RawProvider::answering(bytes.clone()).await,
        Does::Breaks(bytes) => RawProvider::answering_once(bytes.clone()).await,
        Does::Drips(begin) => {
            let begin = *begin;
            RawProvider::start(move |stream| pour(stream, begin, "a".to_owned(), Duration::from_millis(50)))
                .await
        }
        Does::Floods(begin, part) => {
            let (begin, part) = (*begin, part.repeat(1_024));
            RawProvider::start(move |stream| pour(stream, begin, part.clone(), Duration::ZERO)).await
        }
        Does::Stalls => {
            RawProvider::start(|stream| async move {
                let _open = stream;
                std::future::pending().await
            })
            .await
        }
        Does::IsGone | Does::HasNoName | Does::SpeaksPlainly => RawProvider::answering(Vec::new()).await,
    }
}

/// A server that answers whatever comes as one without TLS does.
async fn plain() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4_096];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    address
}

/// Writes until nobody reads any more.
async fn pour(mut stream: TcpStream, begin: &str, part: String, pause: Duration) -> Option<TcpStream> {
    stream.write_all(begin.as_bytes()).await.ok()?;
    loop {
        stream.write_all(part.as_bytes()).await.ok()?;
        tokio::time::sleep(pause).await;
    }
}

/// What came of it: status and error for the caller, whether it is told when to come back, and the outcome that was counted.
async fn at_a_provider(does: &Does) -> [String; 4] {
    let provider = provider(does).await;
    let own = format!("http://{}", provider.address);
    let file = match does {
        Does::IsGone => {
            let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            provider.file("").replace(&own, &format!("http://{gone}"))
        }
        Does::HasNoName => provider.file("").replace(&own, "https://keyferry.invalid"),
        Does::SpeaksPlainly => provider.file("").replace(&own, &format!("https://{}", plain().await)),
        _ => provider.file(""),
    };
    let mut config = config(&[("acme", &file)], "s");
    config.limits = short_limits();
    // Names take their time where no server for them is reached.
    config.limits.exchange = Duration::from_millis(1_500);
    let proxy = start(config).await;
    let reply = proxy.token(&refreshment("acme", "r")).await;
    let metrics = proxy.get("/metrics").await.text();
    let counted = metrics.lines().find_map(|line| {
        let labels = line.strip_prefix("keyferry_proxy_exchanges_total{")?;
        labels.split("outcome=\"").nth(1)?.split('"').next().map(str::to_owned)
    });
    assert!(!metrics.contains("panics_total 1"));
    told(&reply, counted)
}

fn told(reply: &Reply, counted: Option<String>) -> [String; 4] {
    let (status, error) = reply.error();
    let again = reply.header("retry-after").map_or("", |_| "yes").to_owned();
    [status.to_string(), error, again, counted.unwrap_or_default()]
}

fn caller_faults() -> Vec<(&'static str, Vec<u8>)> {
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

async fn by_a_caller(bytes: &[u8]) -> [String; 4] {
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

fn rows(page: &mut String, first: &str, rows: &[(&str, [String; 4])]) {
    let _ = writeln!(
        page,
        "| {first} | status | `error` | Retry-After | outcome |\n| --- | --- | --- | --- | --- |"
    );
    for (fault, [status, error, again, counted]) in rows {
        let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
        let _ = writeln!(page, "| {fault} | {status} | {} | {again} | {} |", code(error), code(counted));
    }
}

#[tokio::test]
async fn the_page_of_faults_is_what_comes_of_them() {
    let mut at_providers = Vec::new();
    for (fault, does) in provider_faults() {
        let told = timeout(SOON, at_a_provider(&does)).await;
        at_providers.push((fault, told.unwrap_or_else(|_| panic!("not in time: {fault}"))));
    }
    let mut by_callers = Vec::new();
    for (fault, bytes) in caller_faults() {
        by_callers.push((fault, by_a_caller(&bytes).await));
    }
    let mut page = "# What the proxy makes of faults\n\nWritten by a test that brings each of them about over real sockets:\n\n    \
        KEYFERRY_WRITE_DOCS=1 cargo test -p keyferry-proxy --test it faults\n\nWhatever the fault, nothing that a provider or a stranger \
        wrote is in the answer, and the proxy serves on.\n\n## At a provider\n\nStatus and error are the caller's; the outcome is that of \
        `keyferry_proxy_exchanges_total`. A code or a token is sent once: only a connection that was never made is tried again.\n\n"
        .to_owned();
    rows(&mut page, "the provider", &at_providers);
    page.push_str(
        "\n## By a caller\n\nNo provider hears of any of these. The outcome is that of `keyferry_proxy_requests_total`; what is no request \
         yet is not counted there.\n\n",
    );
    rows(&mut page, "the caller", &by_callers);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proxy-faults.md");
    if std::env::var("KEYFERRY_WRITE_DOCS").as_deref() == Ok("1") {
        fs::write(&path, page).unwrap();
        return;
    }
    assert_eq!(
        page,
        fs::read_to_string(path).unwrap_or_default(),
        "write the page anew, and look at what changed"
    );
}
