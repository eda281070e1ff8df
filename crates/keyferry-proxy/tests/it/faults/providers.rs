//! What providers do, and what comes of it.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::GOOD;
use crate::support::{
    authority::{Authority, self_signed},
    frames::{FrameProvider, Then, answered, go_away, reset},
    raw::{RawProvider, json},
    *,
};

/// What a provider does once it has read a request.
pub(super) enum Does {
    /// It answers these bytes.
    Answers(Vec<u8>),
    /// It answers these, and closes.
    Breaks(Vec<u8>),
    /// It answers these, and resets the connection.
    Resets(&'static [u8]),
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
    /// It shows this certificate.
    Shows(Shown),
    /// It speaks HTTP/2, and this comes of a request.
    Frames(fn(u32) -> Then),
}

/// A certificate for `localhost`, but for one thing.
pub(super) enum Shown {
    Good,
    Expired,
    OfAnotherName,
    OfAnotherAuthority,
    SelfSigned,
}

fn header(line: &str) -> Does {
    let text = format!("HTTP/1.1 200 OK\r\n{line}\r\ncontent-length: {}\r\n\r\n{GOOD}", GOOD.len());
    Does::Answers(text.into_bytes())
}

fn answer(status: &str, body: &str) -> Does {
    Does::Answers(json(status, body).into_bytes())
}

pub(super) fn faults() -> Vec<(&'static str, Does)> {
    use Does::*;
    let gzip: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00";
    vec![
        ("nobody listens", IsGone),
        ("its name does not exist", HasNoName),
        ("no TLS where TLS is expected", SpeaksPlainly),
        ("a certificate that is as it must be", Shows(Shown::Good)),
        ("a certificate that has expired", Shows(Shown::Expired)),
        ("a certificate of another name", Shows(Shown::OfAnotherName)),
        ("a certificate of an authority that nobody vouches for", Shows(Shown::OfAnotherAuthority)),
        ("a certificate that it signed itself", Shows(Shown::SelfSigned)),
        ("closes before the head", Breaks(Vec::new())),
        ("closes within the head", Breaks(b"HTTP/1.1 200 O".to_vec())),
        ("closes after the head", Breaks(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n".to_vec())),
        ("closes within the body", Breaks(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"acc".to_vec())),
        ("resets before the head", Resets(b"")),
        ("resets within the head", Resets(b"HTTP/1.1 200 O")),
        ("resets after the head", Resets(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n")),
        ("resets within the body", Resets(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"acc")),
        ("resets its stream of HTTP/2", Frames(|stream| Then::Frames(reset(stream, 2)))),
        ("refuses its stream of HTTP/2", Frames(|stream| Then::Frames(reset(stream, 7)))),
        ("goes away in HTTP/2, and leaves the request out", Frames(|_| Then::Ends(go_away(0, 0)))),
        (
            "goes away in HTTP/2, and answers before",
            Frames(|stream| Then::Frames([go_away(stream, 0), answered(stream)].concat())),
        ),
        ("never answers", Stalls),
        ("drips the head, a byte a second", Drips("HTTP/1.1 200 OK\r\nx: ")),
        ("drips the body, a byte a second", Drips("HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n{")),
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
        (
            "a length that is too short",
            Answers(format!("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{GOOD}").into()),
        ),
        ("two lengths", header("content-length: 3")),
        ("both a length and chunks", header("transfer-encoding: chunked")),
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
        ("501", answer("501 Never", "")),
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
            RawProvider::start(move |stream| pour(stream, begin, "a".to_owned(), Duration::from_secs(1)))
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
        Does::Resets(bytes) => {
            let bytes = *bytes;
            RawProvider::start(move |mut stream| async move {
                stream.write_all(bytes).await.ok()?;
                // What was written goes out first, so that it is a reset after it.
                tokio::time::sleep(Duration::from_millis(50)).await;
                stream.set_zero_linger().ok()?;
                None
            })
            .await
        }
        Does::IsGone | Does::HasNoName | Does::SpeaksPlainly | Does::Shows(_) | Does::Frames(_) => {
            RawProvider::answering(Vec::new()).await
        }
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

/// A server in TLS that answers well whoever takes its certificate.
async fn showing(tls: TlsAcceptor) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = tls.accept(stream).await else { continue };
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(json("200 OK", GOOD).as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

fn certified(authority: &Authority, shown: &Shown) -> TlsAcceptor {
    match shown {
        Shown::Good => authority.server("localhost", 2090, &[]),
        Shown::Expired => authority.server("localhost", 2021, &[]),
        Shown::OfAnotherName => authority.server("elsewhere.example", 2090, &[]),
        Shown::OfAnotherAuthority => Authority::new().server("localhost", 2090, &[]),
        Shown::SelfSigned => self_signed("localhost"),
    }
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
pub(super) async fn told_of(does: &Does) -> [String; 4] {
    let (provider, authority) = (provider(does).await, Authority::new());
    let own = format!("http://{}", provider.address);
    let in_tls = |port: u16| provider.file("").replace(&own, &format!("https://localhost:{port}"));
    let mut frames = None;
    let file = match does {
        Does::Shows(shown) => in_tls(showing(certified(&authority, shown)).await.port()),
        Does::Frames(then) => {
            let (tls, then) = (authority.server("localhost", 2090, &["h2"]), *then);
            let speaking = frames.insert(FrameProvider::start(tls, move |_, stream| then(stream)).await);
            in_tls(speaking.address.port())
        }
        Does::IsGone => {
            let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            provider.file("").replace(&own, &format!("http://{gone}"))
        }
        Does::HasNoName => provider.file("").replace(&own, "https://keyferry.invalid"),
        Does::SpeaksPlainly => provider.file("").replace(&own, &format!("https://{}", plain().await)),
        _ => provider.file(""),
    };
    let mut config = config(&[("acme", &file)], "s");
    authority.vouch(&mut config);
    // The others end by themselves, however slow this machine is.
    if matches!(does, Does::Stalls | Does::Drips(_) | Does::Floods("", _)) {
        config.limits.exchange = Duration::from_millis(1_500);
    }
    if matches!(does, Does::HasNoName) {
        // Names take their time where no server for them is reached.
        config.limits.connect = Duration::from_millis(400);
    }
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
