//! Providers that fail, each in its own way. Whatever they do, the caller gets an error of ours, in time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::join_all};
use keyferry_proxy::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::support::{
    log::Captured,
    raw::{RawProvider, json},
    *,
};

/// Refreshes at a provider.
async fn refresh_at(provider: &RawProvider) -> Reply {
    refresh_within(Limits::default(), provider).await
}

/// Refreshes at a provider that would take for ever.
async fn refresh_at_slow(provider: &RawProvider) -> Reply {
    let started = Instant::now();
    let reply = refresh_within(short_limits(), provider).await;
    assert!(started.elapsed() < Duration::from_secs(5), "not in time: {:?}", started.elapsed());
    reply
}

async fn refresh_within(limits: Limits, provider: &RawProvider) -> Reply {
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits = limits;
    let proxy = start(config).await;
    let reply = proxy.token(&refreshment("acme", "a-canary-token")).await;
    assert!(!reply.text().contains("canary"), "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("set-cookie"), None);
    reply
}

fn with_header(header: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{header}\r\ncontent-length: 20\r\n\r\n{{\"access_token\":\"a\"}}")
        .into_bytes()
}

#[tokio::test]
async fn a_bad_answer_becomes_an_error_of_ours_and_is_not_asked_for_again() {
    let many = "x: y\r\n".repeat(1_000);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let good = r#"{"access_token":"a"}"#;
    let table: Vec<(&str, Vec<u8>, (u16, &str))> = vec![
        ("html", json("200 OK", "<html>canary</html>").into(), (502, "server_error")),
        ("waf", json("403 Forbidden", "<html>canary</html>").into(), (502, "temporarily_unavailable")),
        ("500", json("500 Oops", r#"{"error":"invalid_grant"}"#).into(), (502, "temporarily_unavailable")),
        ("502", json("502 Bad", "canary").into(), (502, "temporarily_unavailable")),
        ("504", json("504 Slow", "canary").into(), (502, "temporarily_unavailable")),
        ("truncated", json("200 OK", r#"{"access_token":"a"#).into(), (502, "server_error")),
        ("array", json("200 OK", "[1]").into(), (502, "server_error")),
        ("number", json("200 OK", "5").into(), (502, "server_error")),
        ("empty", json("200 OK", "").into(), (502, "server_error")),
        ("deep", json("200 OK", &deep).into(), (502, "server_error")),
        ("twice", json("200 OK", r#"{"access_token":"a","access_token":"b"}"#).into(), (502, "server_error")),
        ("mac", json("200 OK", r#"{"access_token":"a","token_type":"mac"}"#).into(), (502, "server_error")),
        ("nul", json("200 OK", r#"{"access_token":"a\u0000"}"#).into(), (502, "server_error")),
        ("lines", json("200 OK", r#"{"access_token":"a\r\nb"}"#).into(), (502, "server_error")),
        ("surrogate", json("200 OK", r#"{"access_token":"\ud800"}"#).into(), (502, "server_error")),
        ("ok false", json("200 OK", r#"{"ok":false,"error":"canary"}"#).into(), (400, "server_error")),
        ("form error", json("200 OK", "error=bad_verification_code").into(), (400, "invalid_grant")),
        (
            "200 with error",
            json("200 OK", r#"{"error":"bad_refresh_token","error_description":"canary"}"#).into(),
            (400, "invalid_grant"),
        ),
        (
            "403 grant",
            json("403 Forbidden", r#"{"error":"invalid_grant","hint":"canary"}"#).into(),
            (403, "invalid_grant"),
        ),
        ("own code", json("400 Bad", r#"{"error":"<script>canary"}"#).into(), (400, "server_error")),
        ("not http", b"canary canary\r\n\r\n".to_vec(), (502, "temporarily_unavailable")),
        ("http 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), (502, "temporarily_unavailable")),
        ("gzip", with_header("content-encoding: gzip"), (502, "server_error")),
        ("br in gzip", with_header("content-encoding: gzip, br"), (502, "server_error")),
        ("two lengths", with_header("content-length: 3"), (502, "temporarily_unavailable")),
        ("bad header", with_header("x: \x01"), (502, "temporarily_unavailable")),
        ("bad name", with_header("b\u{e9}d: x"), (502, "temporarily_unavailable")),
        ("1000 headers", with_header(&many), (502, "temporarily_unavailable")),
        (
            "long header",
            with_header(&format!("x: {}", "y".repeat(100_000))),
            (502, "temporarily_unavailable"),
        ),
        (
            "short",
            format!("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{good}").into(),
            (502, "temporarily_unavailable"),
        ),
        (
            "bad chunk",
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{good}").into(),
            (502, "temporarily_unavailable"),
        ),
        ("nothing", vec![], (502, "temporarily_unavailable")),
        (
            "not utf-8",
            [b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"access_token\":\"" as &[u8], b"\xff\xfe\"}"]
                .concat(),
            (502, "server_error"),
        ),
    ];
    for (name, bytes, (status, code)) in table {
        let provider = RawProvider::answering_once(bytes).await;
        assert_eq!(refresh_at(&provider).await.error(), error(status, code), "{name}");
        assert_eq!(provider.requests().len(), 1, "{name}: the token was sent again");
    }
}

#[tokio::test]
async fn come_back_later_is_passed_on_in_seconds_with_a_cap() {
    let table = [
        ("429 Slow", "retry-after: 7\r\n", 429, Some("7")),
        ("429 Slow", "retry-after: 31536000\r\n", 429, Some("3600")),
        ("429 Slow", "retry-after: Fri, 31 Dec 2100 23:59:59 GMT\r\n", 429, Some("3600")),
        ("429 Slow", "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 429, Some("0")),
        ("429 Slow", "retry-after: whenever\r\n", 429, None),
        ("429 Slow", "", 429, None),
        ("503 Busy", "retry-after: 2\r\n", 503, Some("2")),
    ];
    for (status, header, expected, retry_after) in table {
        let bytes = format!("HTTP/1.1 {status}\r\n{header}content-length: 2\r\n\r\n{{}}");
        let reply = refresh_at(&RawProvider::answering_once(bytes).await).await;
        assert_eq!(reply.error(), error(expected, "temporarily_unavailable"), "{header}");
        assert_eq!(reply.header("retry-after"), retry_after, "{header}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_target_hears_nothing() {
    let elsewhere = RawProvider::answering(json("200 OK", r#"{"access_token":"a"}"#)).await;
    for status in [301, 302, 303, 307, 308] {
        for target in [format!("http://{}/token", elsewhere.address), "/other".to_owned()] {
            let bytes = format!("HTTP/1.1 {status} x\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
            let provider = RawProvider::answering_once(bytes).await;
            assert_eq!(refresh_at(&provider).await.error(), error(502, "server_error"), "{status}");
            assert_eq!(provider.requests().len(), 1);
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_provider_that_stalls_or_drips_is_cut_at_the_total_deadline() {
    async fn drip(mut stream: TcpStream, start: &[u8]) -> Option<TcpStream> {
        stream.write_all(start).await.ok()?;
        loop {
            stream.write_all(b" ").await.ok()?;
            sleep(Duration::from_millis(20)).await;
        }
    }
    let starts: [&'static [u8]; 5] = [
        b"",
        b"HTTP/1.1 200 OK\r\nx: y",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
    ];
    let asked = join_all(starts.map(async |start| {
        let provider = RawProvider::start(move |stream| drip(stream, start)).await;
        let reply = refresh_at_slow(&provider).await;
        assert!([502, 504].contains(&reply.status), "{start:?}: {}", reply.text());
        assert_eq!(reply.json()["error"], "temporarily_unavailable", "{start:?}");
        assert_eq!(provider.requests().len(), 1, "{start:?}");
    }));
    asked.await;
    let provider = RawProvider::start(async |stream| {
        sleep(SOON).await;
        Some(stream)
    })
    .await;
    assert_eq!(refresh_at_slow(&provider).await.error(), error(504, "temporarily_unavailable"));
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_the_limit() {
    async fn endless(mut stream: TcpStream, head: &'static str, part: Vec<u8>) -> Option<TcpStream> {
        stream.write_all(head.as_bytes()).await.ok()?;
        loop {
            stream.write_all(&part).await.ok()?;
        }
    }
    let chunk = [b"10000\r\n" as &[u8], &[b' '; 0x10000], b"\r\n"].concat();
    let table = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n", vec![b' '; 0x10000]),
        ("HTTP/1.1 200 OK\r\n\r\n", vec![b' '; 0x10000]),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk),
    ];
    for (head, part) in table {
        let provider = RawProvider::start(move |stream| endless(stream, head, part.clone())).await;
        assert_eq!(refresh_at(&provider).await.error(), error(502, "server_error"), "{head}");
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_is_no_second_try() {
    for start in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"] {
        let provider = RawProvider::start(move |mut stream| async move {
            stream.write_all(start).await.ok()?;
            stream.set_zero_linger().ok()?;
            None
        })
        .await;
        assert_eq!(refresh_at(&provider).await.error(), error(502, "temporarily_unavailable"));
        assert_eq!(provider.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_provider_that_can_not_be_reached_is_502() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let file = |base: &str| {
        format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"{base}/token\"\n"
        )
    };
    let nowhere = ["https://does-not-exist.invalid", "https://192.0.2.1"].map(str::to_owned);
    for base in nowhere.into_iter().chain([format!("http://{closed}")]) {
        let mut config = config(&[("acme", &file(&base))], "s");
        config.limits = Limits { exchange: SOON, ..short_limits() };
        let (log, _guard) = Captured::start();
        let proxy = start(config).await;
        let reply = proxy.token(&refreshment("acme", "a-canary-token")).await;
        assert_eq!(reply.error(), error(502, "temporarily_unavailable"), "{base}");
        assert!(log.text().contains("\"no connection to the provider\""), "{base}");
        assert!(!log.text().contains("canary"));
    }
}

#[tokio::test]
async fn a_provider_that_comes_back_at_once_is_reached_by_the_second_try() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let file = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"http://{address}/token\"\n"
    );
    let (log, _guard) = Captured::start();
    let proxy = start(config(&[("acme", &file)], "s")).await;
    let url = proxy.url("/oauth/token");
    let asked = tokio::spawn(send(http().post(url).json(&refreshment("acme", "r"))));
    until(async || log.text().contains("trying once more")).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let reply = json("200 OK", r#"{"access_token":"a"}"#);
    stream.write_all(reply.as_bytes()).await.unwrap();
    assert_eq!(asked.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_cookie_is_not_kept_and_a_connection_is() {
    let reply =
        "HTTP/1.1 200 OK\r\nset-cookie: a=canary\r\ncontent-length: 20\r\n\r\n{\"access_token\":\"a\"}";
    let provider = RawProvider::answering(reply).await;
    let proxy = start(config(&[("acme", &provider.file(""))], "s")).await;
    for _ in 0..3 {
        assert_eq!(proxy.token(&refreshment("acme", "r")).await.status, 200);
    }
    assert_eq!(provider.connections(), 1);
    assert!(provider.requests().iter().all(|request| !request.to_lowercase().contains("cookie")));
}

#[tokio::test]
async fn odd_fields_lose_no_token() {
    let table = [
        (r#"{"access_token":"a","expires_in":-1}"#, None),
        (r#"{"access_token":"a","expires_in":"3600"}"#, Some(3600)),
        (r#"{"access_token":"a","expires_in":1e30,"token_type":"BEARER"}"#, None),
        (r#"{"access_token":"a","expires_in":null,"scope":5,"error":null}"#, None),
        ("\u{feff}{\"access_token\":\"a\",\"expires_in\":0}", Some(0)),
    ];
    for (body, expires_in) in table {
        let reply = refresh_at(&RawProvider::answering_once(json("200 OK", body)).await).await;
        assert_eq!(reply.status, 200, "{body}");
        assert_eq!(reply.json()["expires_in"].as_u64(), expires_in, "{body}");
        assert_eq!(reply.json()["token_type"], "Bearer", "{body}");
    }
}

#[tokio::test]
async fn a_token_that_was_read_on_a_kept_connection_is_not_sent_again() {
    let reply = json("200 OK", r#"{"access_token":"a"}"#);
    let first = Arc::new(AtomicBool::new(true));
    let provider = RawProvider::start(move |mut stream| {
        let answer = first.swap(false, Ordering::SeqCst).then(|| reply.clone());
        async move {
            stream.write_all(answer?.as_bytes()).await.ok()?;
            Some(stream)
        }
    })
    .await;
    let proxy = start(config(&[("acme", &provider.file(""))], "s")).await;
    assert_eq!(proxy.token(&refreshment("acme", "r1")).await.status, 200);
    let reply = proxy.token(&refreshment("acme", "r2")).await;
    assert_eq!(reply.error(), error(502, "temporarily_unavailable"));
    assert_eq!((provider.connections(), provider.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_provider_without_tls_where_it_should_have_it_hears_no_secret_and_is_an_event_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut heard).await;
        (heard, listener)
    });
    let file = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://{address}/token\"\n"
    );
    let (log, _guard) = Captured::start();
    let proxy = start(config(&[("acme", &file)], "a-canary-secret")).await;
    let reply = proxy.token(&refreshment("acme", "a-canary-token")).await;
    assert_eq!(reply.error(), error(502, "server_error"));
    assert!(log.text().contains("the provider's TLS was not accepted"));
    assert_eq!(log.requests()[0]["outcome"], "provider_tls");
    assert!(!log.text().contains("canary"));
    let (heard, listener) = heard.await.unwrap();
    assert!(listener.accept().now_or_never().is_none(), "it was tried again");
    assert!(!heard.is_empty() && !heard.windows(6).any(|part| part == b"canary"));
}

#[tokio::test]
async fn heads_that_go_before_the_answer_without_end_are_cut_in_time() {
    let provider = RawProvider::start(async |mut stream| {
        let part = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000);
        while stream.write_all(&part).await.is_ok() {}
        None
    })
    .await;
    let reply = refresh_at_slow(&provider).await;
    assert!([502, 504].contains(&reply.status), "{}", reply.text());
    assert_eq!(reply.json()["error"], "temporarily_unavailable");
}

#[tokio::test]
async fn no_header_of_a_provider_reaches_the_caller() {
    let headers = "set-cookie: canary=1\r\nx-internal: canary\r\nserver: canary\r\nlink: canary\r\nx-request-id: canary\r\n\
                   access-control-allow-origin: *\r\nwww-authenticate: canary\r\nconnection: close, x-internal";
    for (status, body) in [("200 OK", r#"{"access_token":"a"}"#), ("401 No", r#"{"error":"invalid_client"}"#)]
    {
        let length = body.len();
        let bytes = format!("HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {length}\r\n\r\n{body}");
        let reply = refresh_at(&RawProvider::answering_once(bytes).await).await;
        let mut names: Vec<_> = reply.headers.keys().map(reqwest::header::HeaderName::as_str).collect();
        names.sort_unstable();
        let expected = ["cache-control", "content-length", "content-type", "date", "pragma", "x-request-id"];
        assert_eq!(names, expected, "{status}");
        assert!(reply.headers.values().all(|value| value != "canary"));
    }
}

#[tokio::test]
async fn a_provider_that_has_too_much_to_do_keeps_its_connection() {
    let long = "x".repeat(64 * 1024);
    for (answer, connections) in [
        (raw::json("429 Too Many", r#"{"error":"slow_down"}"#), 1),
        (raw::json("503 Away", "<h1>Soon</h1>"), 1),
        // Not worth the reading.
        (raw::json("503 Away", &long), 3),
        // Its end is far.
        ("HTTP/1.1 503 Away\r\ncontent-length: 9\r\n\r\nhalf".to_owned(), 3),
    ] {
        let said = answer.clone();
        // The body comes after its head, as it often does: what is there already is passed over by itself.
        let provider = RawProvider::start(move |mut stream| {
            let said = said.clone();
            async move {
                let (head, body) = said.split_once("\r\n\r\n")?;
                stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await.ok()?;
                sleep(Duration::from_millis(20)).await;
                stream.write_all(body.as_bytes()).await.ok().map(|()| stream)
            }
        })
        .await;
        let proxy = start(config(&[("acme", &provider.file(""))], "s")).await;
        for token in ["a", "b", "c"] {
            let status = proxy.token(&refreshment("acme", token)).await.status;
            assert!([429, 503, 502].contains(&status), "{status}");
        }
        assert_eq!((provider.connections(), provider.requests().len()), (connections, 3), "{answer:.60}");
    }
}
